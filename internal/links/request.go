package links

import (
	"errors"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// addrGenModeNone is IN6_ADDR_GEN_MODE_NONE (uapi/linux/if_link.h): no link-local address.
const addrGenModeNone = 1

// skipStats is RTEXT_FILTER_SKIP_STATS (uapi/linux/rtnetlink.h).
const skipStats = 1 << 3

// makeVeth makes the pair by one message: names, MTU, the container's MAC address and
// namespace, and the host's end in the bridge (rtnl_newlink_create in
// net/core/rtnetlink.c); both are down. The kernel takes an alias and port flags only for a link that is
// there.
func (r *requests) makeVeth(p *Port, bridge int) error {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	nl.NewIfInfomsgChild(peer, unix.AF_UNSPEC)
	peer.AddRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(p.ContainerName))
	peer.AddRtAttr(unix.IFLA_ADDRESS, p.MAC)
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(p.Container.ns.FD())))
	data := []nl.NetlinkRequestData{
		nl.NewIfInfomsg(unix.AF_UNSPEC), name(p.HostName), number(unix.IFLA_MASTER, bridge), number(unix.IFLA_GROUP, p.Group),
	}
	if p.MTU != 0 {
		peer.AddRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(p.MTU)))
		data = append(data, number(unix.IFLA_MTU, p.MTU))
	}
	_, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, append(data, info)...)
	return err
}

// finishHostEnd marks the host's end, sets its port flags, and keeps it without a
// link-local address: a bridge port needs none, and each would flood the bridge with
// multicast.
func (r *requests) finishHostEnd(p *Port) error {
	data := []nl.NetlinkRequestData{
		nl.NewIfInfomsg(unix.AF_UNSPEC), name(p.HostName), nl.NewRtAttr(unix.IFLA_IFALIAS, nl.NonZeroTerminated(p.alias())),
		portFlags(p),
	}
	return r.setFamilies(nil, true, data...)
}

// configure makes settings of the container's end that need no sysctl, before it goes up: no redirects, what Announce
// wants of IPv4, and no link-local address where no other is of IPv6. What goes up without a carrier announces nothing yet.
func (r *requests) configure(p *Port, index int) error {
	conf := []*nl.RtAttr{number(acceptRedirects, 0)}
	if p.has(netip.Addr.Is4) {
		conf = append(conf, number(arpNotify, 1))
	}
	return r.setFamilies(conf, !p.has(netip.Addr.Is6), ofLink(index))
}

// setFamilies changes a link, its settings of IPv4, and those of IPv6 if it shall have no link-local address. Where the
// kernel has no IPv6, there is none to keep away.
func (r *requests) setFamilies(conf []*nl.RtAttr, quiet bool, data ...nl.NetlinkRequestData) error {
	spec := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	if len(conf) > 0 {
		list := spec.AddRtAttr(unix.AF_INET, nil).AddRtAttr(inetConf, nil)
		for _, c := range conf {
			list.AddChild(c)
		}
	}
	if quiet {
		spec.AddRtAttr(unix.AF_INET6, nil).AddRtAttr(unix.IFLA_INET6_ADDR_GEN_MODE, nl.Uint8Attr(addrGenModeNone))
	}
	_, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_ACK, append(data, spec)...)
	if quiet && errors.Is(err, unix.EAFNOSUPPORT) {
		return r.setFamilies(conf, false, data...)
	}
	return err
}

func portFlags(p *Port) *nl.RtAttr {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_SLAVE_KIND, nl.NonZeroTerminated("bridge"))
	flags := info.AddRtAttr(nl.IFLA_INFO_SLAVE_DATA, nil)
	flags.AddRtAttr(nl.IFLA_BRPORT_MODE, flag(p.Hairpin))
	flags.AddRtAttr(nl.IFLA_BRPORT_ISOLATED, flag(p.Isolated))
	if p.Group != 0 {
		flags.AddRtAttr(nl.IFLA_BRPORT_GROUP_FWD_MASK, nl.Uint16Attr(groupForward))
	}
	return info
}

// groupForward has a bit for each of the addresses 01:80:c2:00:00:00 to 0f (IEEE 802.1D, table 7-10) but that of pause
// frames, which the kernel drops. A bridge takes frames for these before any rule of nftables: it learns their source, and hands
// them to the host as the port's own (br_handle_frame in net/bridge/br_input.c). With its bit set, a frame
// goes the way of all others. Linux 4.15 and later know it for a port.
const groupForward = 0xfffd

// setHairpin sets hairpin mode of a bridge port.
func (r *requests) setHairpin(index int, on bool) error {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_SLAVE_KIND, nl.NonZeroTerminated("bridge"))
	info.AddRtAttr(nl.IFLA_INFO_SLAVE_DATA, nil).AddRtAttr(nl.IFLA_BRPORT_MODE, flag(on))
	_, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_ACK, ofLink(index), info)
	return err
}

// setUp sets a link up, which is said by its index or by an attribute beside it.
func (r *requests) setUp(of *nl.IfInfomsg, which ...nl.NetlinkRequestData) error {
	return r.setFlags(of, unix.IFF_UP, unix.IFF_UP, which...)
}

// setFlags sets those flags of a link that change names to what they are in to.
func (r *requests) setFlags(of *nl.IfInfomsg, change, to uint32, which ...nl.NetlinkRequestData) error {
	of.Flags, of.Change = to, change
	_, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_ACK, append([]nl.NetlinkRequestData{of}, which...)...)
	return err
}

func (r *requests) setMAC(linkName string, mac net.HardwareAddr) error {
	of := nl.NewIfInfomsg(unix.AF_UNSPEC)
	_, err := r.do(unix.RTM_SETLINK, unix.NLM_F_ACK, of, name(linkName), nl.NewRtAttr(unix.IFLA_ADDRESS, mac))
	return err
}

func (r *requests) deleteLink(index int) error {
	_, err := r.do(unix.RTM_DELLINK, unix.NLM_F_ACK, ofLink(index))
	return err
}

func ofLink(index int) *nl.IfInfomsg {
	of := nl.NewIfInfomsg(unix.AF_UNSPEC)
	of.Index = int32(index)
	return of
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
