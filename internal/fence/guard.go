package fence

import (
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"vethbridge/internal/netfilter"
)

// Short names, so that rules read as nft writes them.
var (
	equals  = netfilter.Equals
	differs = netfilter.Differs
	accept  = netfilter.Accept
	drop    = netfilter.Drop
	jump    = netfilter.Jump
)

func rule(comment string, parts ...[]expr.Any) netfilter.Rule {
	return netfilter.NewRule(comment, parts...)
}

func in(s Set) []expr.Any    { return netfilter.In(s.String()) }
func notIn(s Set) []expr.Any { return netfilter.NotIn(s.String()) }

// Where a concatenated key has its parts: the link takes four words, the MAC address two.
const (
	macWord     = 4
	addressWord = 6
)

func link(offset, length, word uint32) []expr.Any {
	return netfilter.Payload(expr.PayloadBaseLLHeader, offset, length, word)
}

func network(offset, length, word uint32) []expr.Any {
	return netfilter.Payload(expr.PayloadBaseNetworkHeader, offset, length, word)
}

func transport(offset, length, word uint32) []expr.Any {
	return netfilter.Payload(expr.PayloadBaseTransportHeader, offset, length, word)
}

func iifname() []expr.Any { return netfilter.Meta(expr.MetaKeyIIFNAME) }

// guardChains is the fixed structure of the bridge table. It comes before br_netfilter, which
// may translate addresses, and before the bridge learns where a MAC address is.
func guardChains() []netfilter.Chain {
	before := nftables.ChainPriorityRef(-300) // NF_BR_PRI_NAT_DST_BRIDGED, uapi/linux/netfilter_bridge.h
	return []netfilter.Chain{
		{Name: "port_arp", Rules: only(unix.ETH_P_ARP, arpRules())},
		{Name: "port_ipv4", Rules: only(unix.ETH_P_IP, ipv4Rules())},
		{Name: "port_icmpv6", Rules: only(unix.ETH_P_IPV6, icmpv6Rules())},
		{Name: "port_headers6", Rules: headerRules6()},
		{Name: "port_ipv6", Rules: only(unix.ETH_P_IPV6, ipv6Rules())},
		{Name: "port_group", Rules: groupRules()},
		{Name: "prerouting", Type: nftables.ChainTypeFilter, Hook: nftables.ChainHookPrerouting, Priority: before, Rules: portRules()},
		{Name: "input", Type: nftables.ChainTypeFilter, Hook: nftables.ChainHookInput, Priority: before, Rules: bpduRules()},
	}
}

// portRules let a packet from its address pass by one look-up, which says of the MAC address too that it is
// right; each call of an expression costs more than what it does (docs/performance-notes.md). So what must
// not pass all the same comes before it, the cheaper and the rarer match first, and the rest behind.
// The type is taken from the frame itself: a tagged frame's is that of its tag.
func portRules() []netfilter.Rule {
	four, six := etherType(unix.ETH_P_IP), etherType(unix.ETH_P_IPV6)
	source := slices.Concat(iifname(), link(6, 6, macWord))
	return []netfilter.Rule{
		rule("not a guarded port", netfilter.Meta(expr.MetaKeyIIFGROUP), differs(netfilter.Native(Group)), accept()),
		rule("to many", toMany(), jump("port_group")),
		rule("DHCP server, IPv4", udpPort(0, 67), four, network(6, 2, 0), netfilter.Masked([]byte{0x1f, 0xff}), equals([]byte{0, 0}), drop()),
		rule("IPv4 from its address", four, source, network(12, 4, addressWord), in(Senders4), accept()),
		rule("IPv6 that is not plainly TCP", six, network(6, 1, 0), differs([]byte{unix.IPPROTO_TCP}), jump("port_headers6")),
		rule("IPv6 from its address", six, source, network(8, 16, addressWord), in(Senders6), accept()),
		rule("from another MAC address", source, notIn(MACs), drop()),
		rule("IPv4", four, jump("port_ipv4")),
		rule("IPv6", six, jump("port_ipv6")),
		rule("ARP", etherType(unix.ETH_P_ARP), jump("port_arp")),
		rule("VLANs of a trunk", etherType(unix.ETH_P_8021Q), iifname(), in(Tagged), accept()),
		rule("other protocols", drop()),
	}
}

// toMany matches a frame that is neither to one other machine nor to the bridge, by comparisons that the kernel does in line: a
// range, or a set of types, costs a call. Frames to the bridge, a gateway's, are to this host before the guard sees them
// (br_handle_frame in net/bridge/br_input.c).
func toMany() []expr.Any {
	return slices.Concat(netfilter.Meta(expr.MetaKeyPKTTYPE), differs([]byte{unix.PACKET_OTHERHOST}), differs([]byte{unix.PACKET_HOST}))
}

// groupRules are for frames to many. Whoever asks a bridge who listens to multicasts gets all of them from then
// on, and those who have not answered yet get none, not even the solicitations of IPv6. Whoever says to be a router
// of multicasts gets all of them, too. A bridge takes a fragment for the whole message (ip_mc_check_igmp in net/ipv4/igmp.c).
func groupRules() []netfilter.Rule {
	const query, router, router6 = 0x11, 0x30, 151 // RFC 2236, RFC 4286
	igmp := slices.Concat(etherType(unix.ETH_P_IP), protocol(unix.IPPROTO_IGMP))
	return []netfilter.Rule{
		rule("more broadcasts than anybody needs", netfilter.Meta(expr.MetaKeyPKTTYPE), equals([]byte{unix.PACKET_BROADCAST}), iifname(), beyondLimit(), drop()),
		rule("IGMP in fragments", igmp, network(6, 2, 0), netfilter.Masked([]byte{0x3f, 0xff}), differs([]byte{0, 0}), drop()),
		rule("multicast querier, IPv4", igmp, transport(0, 1, 0), equals([]byte{query}), drop()),
		rule("multicast router, IPv4", igmp, transport(0, 1, 0), equals([]byte{router}), drop()),
		rule("multicast router, IPv6", etherType(unix.ETH_P_IPV6), icmpv6(router6), drop()),
		rule("multicast router, PIM over IPv4", etherType(unix.ETH_P_IP), protocol(unix.IPPROTO_PIM), drop()),
		rule("multicast router, PIM over IPv6", etherType(unix.ETH_P_IPV6), protocol(unix.IPPROTO_PIM), drop()),
	}
}

// broadcastRate is how many broadcasts a port may send in a second, and at once: ARP and DHCP
// need a few, each of which costs every other port of the bridge a copy.
const broadcastRate = 1000

func beyondLimit() []expr.Any {
	limit := &expr.Limit{Type: expr.LimitTypePkts, Rate: broadcastRate, Unit: expr.LimitTimeSecond, Burst: broadcastRate, Over: true}
	return []expr.Any{&expr.Dynset{
		SrcRegKey: netfilter.Reg, SetName: broadcasts().Name, Operation: unix.NFT_DYNSET_OP_UPDATE, Exprs: []expr.Any{limit},
	}}
}

func etherType(t uint16) []expr.Any {
	return slices.Concat(link(12, 2, 0), equals([]byte{byte(t >> 8), byte(t)}))
}

// only has every rule say of what type its frames are, so that nft knows the fields by name.
func only(t uint16, rules []netfilter.Rule) []netfilter.Rule {
	for i := range rules {
		rules[i].Exprs = append(etherType(t), rules[i].Exprs...)
	}
	return rules
}

// bpduRules drop what is for bridges only, 01:80:c2:00:00:0x (IEEE 802.1D, table 7-10), and does
// not come by prerouting.
func bpduRules() []netfilter.Rule {
	return []netfilter.Rule{
		rule("for bridges", netfilter.Meta(expr.MetaKeyIIFGROUP), equals(netfilter.Native(Group)),
			link(0, 6, 0), netfilter.Masked([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xf0}), equals([]byte{1, 0x80, 0xc2, 0, 0, 0}), drop()),
	}
}

func anyAddress() []expr.Any { return slices.Concat(iifname(), in(AnyAddress), accept()) }

// arpRules go by the header of RFC 826: what Ethernet and IPv4 are at 0, the sender's MAC address
// at 8, its address at 14, that of the target at 24. A probe (RFC 5227) for the address that another machine is
// about to take would have that one give it up.
func arpRules() []netfilter.Rule {
	const request = 1
	usual := slices.Concat(network(0, 6, 0), equals([]byte{0, 1, 8, 0, 6, 4}))
	return []netfilter.Rule{
		rule("of its address", usual, iifname(), network(8, 6, macWord), network(14, 4, addressWord), in(Senders4), accept()),
		rule("of another MAC address", iifname(), network(8, 6, macWord), notIn(MACs), drop()),
		rule("of any address", usual, anyAddress()),
		rule("probe for its address", usual, network(6, 2, 0), equals([]byte{0, request}), network(14, 4, 0), equals(make([]byte, 4)),
			iifname(), network(8, 6, macWord), network(24, 4, addressWord), in(Senders4), accept()),
		rule("of another address, or of another kind", drop()),
	}
}

// ipv4Rules are for what is not from the port's address.
func ipv4Rules() []netfilter.Rule {
	return []netfilter.Rule{
		rule("from any address", anyAddress()),
		rule("DHCP client", network(12, 4, 0), equals(make([]byte, 4)), udpPort(2, 67), accept()),
		rule("from another address", drop()),
	}
}

// ICMPv6 types (IANA, ICMPv6 Parameters).
const (
	listenerQuery   = 130
	listenerReport1 = 131
	routerAdvert    = 134
	solicitation    = 135
	advertisement   = 136
	redirect        = 137
	listenerReport2 = 143
)

// target is that of neighbour discovery, at 8 (RFC 4861), as a key of Senders6.
func target() []expr.Any {
	return slices.Concat(iifname(), link(6, 6, macWord), transport(8, 16, addressWord))
}

// icmpv6Rules drop what a port must not send from its own address either. A protocol is named by where the
// kernel finds it behind extension headers.
func icmpv6Rules() []netfilter.Rule {
	return []netfilter.Rule{
		rule("router advertisement", icmpv6(routerAdvert), drop()),
		rule("redirect", icmpv6(redirect), drop()),
		rule("multicast querier, IPv6", icmpv6(listenerQuery), drop()),
		rule("of any address", iifname(), in(AnyAddress), netfilter.Return()),
		rule("advertisement of its address", icmpv6(advertisement), target(), in(Senders6), netfilter.Return()),
		rule("advertisement of another address", icmpv6(advertisement), drop()),
	}
}

// headerRules6 are for IPv6 packets that may hide their protocol behind other headers. What comes to light
// only when the fragments are put together must not pass (RFC 7610); without its first fragment no packet is. A later
// one has no header, whatever its first bytes look like: some kernels read them in family bridge all the same.
func headerRules6() []netfilter.Rule {
	later := []expr.Any{&expr.Exthdr{DestRegister: netfilter.Reg, Type: unix.IPPROTO_FRAGMENT, Offset: 2, Len: 2, Op: expr.ExthdrOpIpv6}}
	return []netfilter.Rule{
		rule("later fragment", network(6, 1, 0), differs([]byte{unix.IPPROTO_UDP}), later, netfilter.Masked([]byte{0xff, 0xf8}), differs([]byte{0, 0}), netfilter.Return()),
		rule("DHCP server, IPv6", udpPort(0, 547), drop()),
		rule("ICMPv6", protocol(unix.IPPROTO_ICMPV6), jump("port_icmpv6")),
		rule("protocol in sight", transport(0, 4, 0), netfilter.Any(4), netfilter.Return()),
		rule("protocol in a later fragment", drop()),
	}
}

// ipv6Rules are for what is not from one of the port's addresses.
func ipv6Rules() []netfilter.Rule {
	noAddress := slices.Concat(network(8, 16, 0), equals(make([]byte, 16)))
	return []netfilter.Rule{
		rule("from any address", anyAddress()),
		rule("duplicate address detection", noAddress, icmpv6(solicitation), target(), in(Senders6), accept()),
		rule("multicast listener", noAddress, icmpv6(listenerReport2), accept()),
		rule("multicast listener, version 1", noAddress, icmpv6(listenerReport1), accept()),
		rule("from another address", drop()),
	}
}

func protocol(number byte) []expr.Any {
	return slices.Concat(netfilter.Meta(expr.MetaKeyL4PROTO), equals([]byte{number}))
}

func icmpv6(kind byte) []expr.Any {
	return slices.Concat(protocol(unix.IPPROTO_ICMPV6), transport(0, 1, 0), equals([]byte{kind}))
}

// udpPort matches the source (offset 0) or destination port (offset 2).
func udpPort(offset uint32, port uint16) []expr.Any {
	return slices.Concat(protocol(unix.IPPROTO_UDP), transport(offset, 2, 0), equals([]byte{byte(port >> 8), byte(port)}))
}
