package links

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

// portLink is a link and what it is as a bridge port.
type portLink struct {
	netlink.Link
	state             PortState
	hairpin, isolated bool
	groupForward      uint16
	families          []byte // IFLA_AF_SPEC: what a family of addresses says of the link
}

// link asks for a link by its name. One that is missing is ENODEV.
func (r *requests) link(linkName string) (portLink, error) {
	return r.getLink(linkName, nl.NewIfInfomsg(unix.AF_UNSPEC), name(linkName))
}

// linkAt asks for a link by its index.
func (r *requests) linkAt(index int) (portLink, error) {
	return r.getLink(fmt.Sprint(index), ofLink(index))
}

// getLink asks for a link with its flags as a bridge port, by one message, without statistics, which
// would be most of the answer. Since Linux 6.8 this
// also makes the kernel take note at once of a carrier that has just come
// (linkwatch_sync_dev in rtnl_getlink), so that the bridge lets the port forward.
func (r *requests) getLink(which string, data ...nl.NetlinkRequestData) (portLink, error) {
	msgs, err := r.do(unix.RTM_GETLINK, 0, append(data, number(unix.IFLA_EXT_MASK, skipStats))...)
	if err != nil {
		return portLink{}, err
	}
	if len(msgs) == 0 {
		return portLink{}, unix.ENODEV
	}
	link, err := decodeLink(msgs[0])
	if err != nil {
		return portLink{}, failure.To("parse link "+which, err)
	}
	return link, nil
}

// decodeLink reads what attachments need to know of a link: the netlink package reads some
// sixty attributes more, and takes a tenth of the time of an ADD for it.
func decodeLink(message []byte) (p portLink, err error) {
	if len(message) < unix.SizeofIfInfomsg {
		return p, nlsocket.ErrTruncated
	}
	head := nl.DeserializeIfInfomsg(message)
	attrs := netlink.LinkAttrs{Index: int(head.Index), RawFlags: head.Flags, Flags: interfaceFlags(head.Flags)}
	var info []byte
	for list := message[unix.SizeofIfInfomsg:]; len(list) > 0; {
		var kind uint16
		var value []byte
		switch kind, value, list = nlsocket.NextAttribute(list); kind {
		case unix.IFLA_IFNAME:
			attrs.Name = unix.ByteSliceToString(value)
		case unix.IFLA_ADDRESS:
			attrs.HardwareAddr = net.HardwareAddr(value)
		case unix.IFLA_IFALIAS:
			attrs.Alias = unix.ByteSliceToString(value)
		case unix.IFLA_MTU:
			attrs.MTU = int(binary.NativeEndian.Uint32(value))
		case unix.IFLA_MASTER:
			attrs.MasterIndex = int(binary.NativeEndian.Uint32(value))
		case unix.IFLA_GROUP:
			attrs.Group = binary.NativeEndian.Uint32(value)
		case unix.IFLA_PROMISCUITY:
			attrs.Promisc = int(binary.NativeEndian.Uint32(value))
		case unix.IFLA_LINKINFO:
			info = value
		case unix.IFLA_AF_SPEC:
			p.families = value
		}
	}
	p.decodeInfo(attrs, info)
	return p, nil
}

// decodeInfo reads the kind of the link, and the port's flags.
func (p *portLink) decodeInfo(attrs netlink.LinkAttrs, info []byte) {
	name, _ := nlsocket.Attribute(info, nl.IFLA_INFO_KIND)
	if kind := unix.ByteSliceToString(name); kind == "bridge" {
		bridge := &netlink.Bridge{LinkAttrs: attrs}
		decodeBridge(bridge, info)
		p.Link = bridge
	} else {
		p.Link = &netlink.GenericLink{LinkAttrs: attrs, LinkType: cmp.Or(kind, "device")} // a NIC says no kind
	}
	flags, _ := nlsocket.Attribute(info, nl.IFLA_INFO_SLAVE_DATA)
	is := func(kind uint16) uint8 {
		if flag, _ := nlsocket.Attribute(flags, kind); len(flag) == 1 {
			return flag[0]
		}
		return 0
	}
	p.state = PortState(is(nl.IFLA_BRPORT_STATE))
	p.hairpin = is(nl.IFLA_BRPORT_MODE) == 1
	p.isolated = is(nl.IFLA_BRPORT_ISOLATED) == 1
	if mask, _ := nlsocket.Attribute(flags, nl.IFLA_BRPORT_GROUP_FWD_MASK); len(mask) == 2 {
		p.groupForward = binary.NativeEndian.Uint16(mask)
	}
}

func decodeBridge(b *netlink.Bridge, info []byte) {
	data, _ := nlsocket.Attribute(info, nl.IFLA_INFO_DATA)
	if v, _ := nlsocket.Attribute(data, nl.IFLA_BR_VLAN_FILTERING); len(v) == 1 {
		on := v[0] == 1
		b.VlanFiltering = &on
	}
	if v, _ := nlsocket.Attribute(data, nl.IFLA_BR_VLAN_DEFAULT_PVID); len(v) == 2 {
		pvid := binary.NativeEndian.Uint16(v)
		b.VlanDefaultPVID = &pvid
	}
}

// interfaceFlags are those of IFF_* (netdevice(7)) that package net has a name for.
func interfaceFlags(raw uint32) (f net.Flags) {
	if raw&unix.IFF_UP != 0 {
		f |= net.FlagUp
	}
	if raw&unix.IFF_LOOPBACK != 0 {
		f |= net.FlagLoopback
	}
	return f
}
