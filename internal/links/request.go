package links

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// addrGenModeNone is IN6_ADDR_GEN_MODE_NONE (uapi/linux/if_link.h): no link-local address.
const addrGenModeNone = 1

// skipStats is RTEXT_FILTER_SKIP_STATS (uapi/linux/rtnetlink.h).
const skipStats = 1 << 3

// requests is a netlink socket for the messages that say more at once than the calls of
// the netlink package do: every message is a turn at the kernel's rtnl lock.
type requests struct{ sockets map[int]*nl.SocketHandle }

func openRequests() (requests, error) {
	s, err := nl.GetNetlinkSocketAt(-1, -1, unix.NETLINK_ROUTE)
	if err != nil {
		return requests{}, fmt.Errorf("open netlink socket: %w", err)
	}
	// With these the kernel says in words what it refuses, and takes the link of a request
	// for addresses as a filter. Both are only improvements.
	_ = s.SetExtAck(true)
	_ = unix.SetsockoptInt(s.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return requests{map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: s}}}, nil
}

func (r requests) close() { r.sockets[unix.NETLINK_ROUTE].Close() }

func (r requests) do(kind, flags int, data ...nl.NetlinkRequestData) ([][]byte, error) {
	req := nl.NewNetlinkRequest(kind, flags)
	req.Sockets = r.sockets
	for _, d := range data {
		req.AddData(d)
	}
	return req.Execute(unix.NETLINK_ROUTE, 0)
}

// makeVeth makes the pair by one message: names, MTU, the container's MAC address and
// namespace, and the host's end up and in the bridge (rtnl_newlink_create in
// net/core/rtnetlink.c). The kernel takes an alias and port flags only for a link that is
// there.
func (r requests) makeVeth(p Port, bridge int) error {
	up := nl.NewIfInfomsg(unix.AF_UNSPEC)
	up.Flags, up.Change = unix.IFF_UP, unix.IFF_UP
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	nl.NewIfInfomsgChild(peer, unix.AF_UNSPEC)
	peer.AddRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(p.ContainerName))
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(p.Netns.FD())))
	data := []nl.NetlinkRequestData{up, name(p.HostName), number(unix.IFLA_MASTER, bridge), number(unix.IFLA_GROUP, p.Group)}
	if p.MTU != 0 {
		peer.AddRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(p.MTU)))
		data = append(data, number(unix.IFLA_MTU, p.MTU))
	}
	if p.MAC != nil {
		peer.AddRtAttr(unix.IFLA_ADDRESS, p.MAC)
	}
	_, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, append(data, info)...)
	return err
}

// finishHostEnd marks the host's end, sets its port flags, and keeps it without a
// link-local address: a bridge port needs none, and each would flood the bridge with
// multicast. Where the host has no IPv6, there is none to keep away.
func (r requests) finishHostEnd(p Port) error {
	data := []nl.NetlinkRequestData{
		nl.NewIfInfomsg(unix.AF_UNSPEC), name(p.HostName), nl.NewRtAttr(unix.IFLA_IFALIAS, nl.NonZeroTerminated(p.alias())),
		portFlags(p),
	}
	quiet := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	quiet.AddRtAttr(unix.AF_INET6, nil).AddRtAttr(unix.IFLA_INET6_ADDR_GEN_MODE, nl.Uint8Attr(addrGenModeNone))
	_, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_ACK, append(data, quiet)...)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		_, err = r.do(unix.RTM_NEWLINK, unix.NLM_F_ACK, data...)
	}
	return err
}

func portFlags(p Port) *nl.RtAttr {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_SLAVE_KIND, nl.NonZeroTerminated("bridge"))
	flags := info.AddRtAttr(nl.IFLA_INFO_SLAVE_DATA, nil)
	flags.AddRtAttr(nl.IFLA_BRPORT_MODE, flag(p.Hairpin))
	flags.AddRtAttr(nl.IFLA_BRPORT_ISOLATED, flag(p.Isolated))
	return info
}

// portLink is a link and what it is as a bridge port.
type portLink struct {
	netlink.Link
	state             PortState
	hairpin, isolated bool
}

// port reads a link with its flags as a bridge port, by one message. Since Linux 6.8 this
// also makes the kernel take note at once of a carrier that has just come
// (linkwatch_sync_dev in rtnl_getlink), so that the bridge lets the port forward.
func (r requests) port(linkName string) (portLink, error) {
	msgs, err := r.do(unix.RTM_GETLINK, unix.NLM_F_ACK, nl.NewIfInfomsg(unix.AF_UNSPEC), name(linkName))
	if err != nil {
		return portLink{}, err
	}
	if len(msgs) == 0 {
		return portLink{}, unix.ENODEV
	}
	link, err := netlink.LinkDeserialize(nil, msgs[0])
	if err != nil {
		return portLink{}, fmt.Errorf("parse link %s: %w", linkName, err)
	}
	port := portLink{Link: link}
	return port, port.parse(msgs[0][unix.SizeofIfInfomsg:])
}

// parse takes the port's flags out of the attributes, some of them nested.
func (p *portLink) parse(attributes []byte) error {
	attrs, err := nl.ParseRouteAttr(attributes)
	for i := 0; i < len(attrs) && err == nil; i++ {
		if attrs[i].Attr.Type == unix.IFLA_LINKINFO {
			err = p.parseInfo(attrs[i].Value)
		}
	}
	return err
}

func (p *portLink) parseInfo(attributes []byte) error {
	attrs, err := nl.ParseRouteAttrAsMap(attributes)
	if err != nil {
		return err
	}
	flags, err := nl.ParseRouteAttrAsMap(attrs[nl.IFLA_INFO_SLAVE_DATA].Value)
	is := func(kind uint16) uint8 { return append(flags[kind].Value, 0)[0] }
	p.state = PortState(is(nl.IFLA_BRPORT_STATE))
	p.hairpin = is(nl.IFLA_BRPORT_MODE) == 1
	p.isolated = is(nl.IFLA_BRPORT_ISOLATED) == 1
	return err
}

// ports lists the links with the master, chosen by the kernel, without their statistics, which are
// most of each.
func (r requests) ports(master int) ([][]byte, error) {
	return r.do(unix.RTM_GETLINK, unix.NLM_F_DUMP, nl.NewIfInfomsg(unix.AF_UNSPEC), number(unix.IFLA_MASTER, master),
		number(unix.IFLA_EXT_MASK, skipStats))
}

// addresses lists the addresses of a link.
func (r requests) addresses(link int) ([]netip.Prefix, error) {
	of := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	of.Index = uint32(link)
	msgs, err := r.do(unix.RTM_GETADDR, unix.NLM_F_DUMP, of)
	var list []netip.Prefix
	for _, m := range msgs {
		head := nl.DeserializeIfAddrmsg(m)
		if int(head.Index) != link {
			continue // a kernel before 4.20 lists all
		}
		attrs, err := nl.ParseRouteAttrAsMap(m[unix.SizeofIfAddrmsg:])
		if err != nil {
			return nil, fmt.Errorf("parse address: %w", err)
		}
		local, ok := netip.AddrFromSlice(attrs[unix.IFA_LOCAL].Value)
		if !ok { // IPv6 without a peer
			local, _ = netip.AddrFromSlice(attrs[unix.IFA_ADDRESS].Value)
		}
		list = append(list, netip.PrefixFrom(local, int(head.Prefixlen)))
	}
	return list, err
}

func name(linkName string) *nl.RtAttr {
	return nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(linkName))
}

func number(kind, n int) *nl.RtAttr { return nl.NewRtAttr(kind, nl.Uint32Attr(uint32(n))) }

func flag(on bool) []byte {
	if on {
		return nl.Uint8Attr(1)
	}
	return nl.Uint8Attr(0)
}
