package nft

import (
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"vethbridge/internal/netfilter"
	"vethbridge/pkg/nat"
)

// hairpinMark is the mark bit of packets that come from one of our networks to an address of
// the host: bit 13, the default of the reference portmap's markMasqBit.
const hairpinMark = 1 << 13

// guardRules drop what comes from outside and is addressed to, or claims to come from, the
// host's loopback: route_localnet, which localhost clients of published ports need, would
// let it in.
func guardRules() []netfilter.Rule {
	v4 := func(load []expr.Any) []expr.Any {
		return join(ipv4.is(), load, masked([]byte{0xff, 0, 0, 0}), equals([]byte{127, 0, 0, 0}), notLoopback(), drop())
	}
	v6 := func(load []expr.Any) []expr.Any {
		return join(ipv6.is(), load, equals([]byte{15: 1}), notLoopback(), drop())
	}
	return []netfilter.Rule{
		rule("nothing from outside to 127.0.0.0/8", v4(ipv4.destination())),
		rule("nothing from outside as 127.0.0.0/8", v4(ipv4.source())),
		rule("nothing from outside to ::1", v6(ipv6.destination())),
		rule("nothing from outside as ::1", v6(ipv6.source())),
	}
}

// dnatRules look a packet up in each map that does not ask for its link.
func dnatRules() []netfilter.Rule {
	var list []netfilter.Rule
	for _, f := range families {
		list = append(list, f.limitedRules("ranges of ports", rangePorts, nil)...)
		list = append(list, f.limitedRules("ports for some clients", limitedPorts, nil)...)
		list = append(list,
			rule("ports of one host address, IPv"+f.suffix, f.dnat(hostPorts, nil)),
			rule("ports of any host address, IPv"+f.suffix, f.dnat(anyPorts, nil)),
		)
	}
	return list
}

// linkRules look a packet up by the link that it comes by, which is loaded as the hook can.
func linkRules(link []expr.Any) []netfilter.Rule {
	var list []netfilter.Rule
	for _, f := range families {
		list = append(list, f.limitedRules("ports for some links", linkPorts, link)...)
	}
	return list
}

// limitedRules look a packet up in a map of intervals: one rule for each protocol, since nft(8)
// loads a saved ruleset only where a rule says which one it is.
func (f *family) limitedRules(what, name string, link []expr.Any) []netfilter.Rule {
	var list []netfilter.Rule
	for _, p := range []nat.Protocol{nat.TCP, nat.UDP, nat.SCTP} {
		is := join(netfilter.Meta(expr.MetaKeyL4PROTO), equals([]byte{byte(p)}))
		list = append(list, rule(p.String()+" "+what+", IPv"+f.suffix, join(is, f.dnat(name, link))))
	}
	return list
}

// dnat loads the key into registers side by side, replaces it by the value of the map, and
// translates to that.
func (f *family) dnat(name string, link []expr.Any) []expr.Any {
	next := uint32(reg0)
	var key []expr.Any
	if name == linkPorts {
		key = link
		next += unix.IFNAMSIZ / 4
	}
	if limited(name) {
		key = join(key, f.load(f.sourceOffset(), next))
		next += f.words()
	}
	if name != anyPorts {
		key = join(key, f.load(f.destinationOffset(), next))
		next += f.words()
	}
	to := &expr.NAT{Type: expr.NATTypeDestNAT, Family: uint32(f.nfproto()), RegAddrMin: reg0}
	if name != rangePorts { // whose ports stay as they are
		to.RegProtoMin, to.Specified = reg0+f.words(), true
	}
	return join(f.is(), key, []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: next},
		&expr.Payload{DestRegister: next + 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Lookup{SourceRegister: reg0, DestRegister: reg0, IsDestRegSet: true, SetName: name + f.suffix},
		to,
	})
}

// preroutingRules ask the host's routes once for each connection, and nothing else of one that only passes
// through the host.
func preroutingRules() []netfilter.Rule {
	return []netfilter.Rule{netfilter.ToUser("prerouting"), rule("to the host", join(toHost(), jump("to_host")))}
}

// toHostRules are for what comes by a link.
func toHostRules() []netfilter.Rule {
	var list []netfilter.Rule
	for _, f := range families {
		list = append(list, rule("from a container, IPv"+f.suffix, join(f.is(), f.source(), in(setName(nat.Hairpin)+f.suffix), setMark(hairpinMark))))
	}
	list = append(list, linkRules(netfilter.Meta(expr.MetaKeyIIFNAME))...)
	return append(list, rule("ports", jump("ports")))
}

func outputRules() []netfilter.Rule {
	return []netfilter.Rule{rule("to the host", join(toHost(), jump("within_host")))}
}

// withinHostRules are for processes of the host: what they send to the host goes by lo.
func withinHostRules() []netfilter.Rule {
	list := linkRules(netfilter.Meta(expr.MetaKeyOIFNAME))
	return append(list, rule("ports", jump("ports")))
}

// setMark sets a bit of the packet's mark and leaves the others.
func setMark(bit uint32) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: reg0},
		&expr.Bitwise{SourceRegister: reg0, DestRegister: reg0, Len: 4, Mask: native(^bit), Xor: native(bit)},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: reg0, SourceRegister: true},
	}
}

func hasMark(bit uint32) []expr.Any {
	return join(netfilter.Meta(expr.MetaKeyMARK), masked(native(bit)), equals(native(bit)))
}

// postroutingRules rewrite the source only where the answer would not come back otherwise. A
// broadcast gets here where br_netfilter shows bridged frames to the IP hooks.
func postroutingRules() []netfilter.Rule {
	list := []netfilter.Rule{
		netfilter.ToUser("postrouting"),
		rule("broadcast", join(ipv4.is(), ipv4.destination(), equals([]byte{255, 255, 255, 255}), goBack())),
	}
	for _, f := range families {
		set := func(t nat.Treatment) string { return setName(t) + f.suffix }
		list = append(list,
			rule("hairpin, IPv"+f.suffix, join(f.is(), hasMark(hairpinMark), translated(), f.bothIn(set(nat.Inside)), leave())),
			rule("from localhost, IPv"+f.suffix, join(f.is(), translated(), f.fromLocalhost(), leave())),
			rule("clients to hide, IPv"+f.suffix, join(f.is(), translated(), f.destination(), in(set(nat.HideClients)), leave())),
			rule("inside a network, IPv"+f.suffix, join(f.is(), f.bothIn(set(nat.Inside)), goBack())),
			rule("not to be masqueraded, IPv"+f.suffix, join(f.is(), f.bothIn(set(nat.Direct)), goBack())),
			rule("multicast, IPv"+f.suffix, join(f.is(), f.toMulticast(), goBack())),
			rule("leaving as one address, IPv"+f.suffix, join(f.is(), f.snat(set(nat.SNAT)))),
			rule("leaving by a random port, IPv"+f.suffix, join(f.is(), f.source(), in(set(nat.MasqueradeRandom)), leaveAtRandom())),
			rule("leaving a network, IPv"+f.suffix, join(f.is(), f.source(), in(set(nat.Masquerade)), leave())),
		)
	}
	return list
}

// snat translates the source to what a map says of it.
func (f *family) snat(set string) []expr.Any {
	return join(f.source(), []expr.Any{
		&expr.Lookup{SourceRegister: reg0, DestRegister: reg0, IsDestRegSet: true, SetName: set},
		&expr.NAT{Type: expr.NATTypeSourceNAT, Family: uint32(f.nfproto()), RegAddrMin: reg0},
	})
}

// bothIn matches source . destination in a set.
func (f *family) bothIn(set string) []expr.Any {
	return join(f.source(), f.load(f.destinationOffset(), reg0+f.words()), in(set))
}

func (f *family) fromLocalhost() []expr.Any {
	if f.nfproto() == unix.NFPROTO_IPV6 {
		return join(f.source(), equals([]byte{15: 1}))
	}
	return join(f.source(), masked([]byte{0xff, 0, 0, 0}), equals([]byte{127, 0, 0, 0}))
}

// toMulticast matches 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291).
func (f *family) toMulticast() []expr.Any {
	mask, value := make([]byte, f.addrLen), make([]byte, f.addrLen)
	mask[0], value[0] = 0xff, 0xff
	if f.nfproto() == unix.NFPROTO_IPV4 {
		mask[0], value[0] = 0xf0, 224
	}
	return join(f.destination(), masked(mask), equals(value))
}
