package links

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// HeldAddress is an ifaddrmsg with its attributes.
type HeldAddress []byte

// HeldRoute is an rtmsg with its attributes.
type HeldRoute []byte

// message is a part of a netlink message in its final form.
type message []byte

func (m message) Len() int          { return len(m) }
func (m message) Serialize() []byte { return m }

// Offsets in struct ifa_cacheinfo (uapi/linux/if_addr.h), struct rta_cacheinfo and struct
// rtmsg (uapi/linux/rtnetlink.h); forever is INFINITY_LIFE_TIME, ticks is USER_HZ,
// rtaNextHopID is RTA_NH_ID.
const (
	validLifetime = 4
	routeExpires  = 8
	routeFlags    = 8
	routeTable    = 4
	routeProtocol = 5
	routeType     = 7
	forever       = 0xffffffff
	ticks         = 100
	rtaNextHopID  = 30
)

func (a HeldAddress) is6() bool { return a[0] == unix.AF_INET6 }

// attributes are the message's; what the kernel has said can be parsed.
func (a HeldAddress) attributes() []syscall.NetlinkRouteAttr {
	list, _ := nl.ParseRouteAttr(a[unix.SizeofIfAddrmsg:])
	return list
}

func (a HeldAddress) attribute(kind uint16) []byte { return find(a.attributes(), kind) }

func find(list []syscall.NetlinkRouteAttr, kind uint16) []byte {
	for _, attr := range list {
		if attr.Attr.Type == kind {
			return attr.Value
		}
	}
	return nil
}

func (a HeldAddress) prefix() netip.Prefix {
	addr, ok := netip.AddrFromSlice(a.attribute(unix.IFA_LOCAL))
	if !ok { // IPv6 without a peer
		addr, _ = netip.AddrFromSlice(a.attribute(unix.IFA_ADDRESS))
	}
	return netip.PrefixFrom(addr, int(a[1]))
}

// String returns "198.51.100.1/24".
func (a HeldAddress) String() string { return a.prefix().String() }

// on makes the message for another link, with flags added. The label (of IPv4) begins with
// the name of the link that it was made for, and only goes back there.
func (a HeldAddress) on(link Link, flags uint32) []nl.NetlinkRequestData {
	head := message(append([]byte(nil), a[:unix.SizeofIfAddrmsg]...))
	binary.NativeEndian.PutUint32(head[4:], uint32(link.Index))
	data := []nl.NetlinkRequestData{head}
	for _, attr := range a.attributes() {
		switch attr.Attr.Type {
		case unix.IFA_LABEL:
			if !labelOf(attr.Value, link.Name) {
				continue
			}
		case unix.IFA_FLAGS:
			if a.is6() {
				attr.Value = nl.Uint32Attr(binary.NativeEndian.Uint32(attr.Value) | flags)
			}
		}
		data = append(data, nl.NewRtAttr(int(attr.Attr.Type), attr.Value))
	}
	return data
}

// labelOf reports whether a label is the link's name, or that and a colon and more.
func labelOf(label []byte, link string) bool {
	text := unix.ByteSliceToString(label)
	return text == link || len(text) > len(link) && text[:len(link)+1] == link+":"
}

func (a HeldAddress) endless() bool {
	life := a.attribute(unix.IFA_CACHEINFO)
	return len(life) < validLifetime+4 || binary.NativeEndian.Uint32(life[validLifetime:]) == forever
}

// lasting returns the address with the lifetime that it has in list, which says where it
// is now; false if it had a limited one and is over.
func (a HeldAddress) lasting(list []HeldAddress) (HeldAddress, bool) {
	if a.endless() {
		return a, true
	}
	for _, now := range list {
		if now.prefix() == a.prefix() {
			a = append(HeldAddress(nil), a...)
			copy(a.attribute(unix.IFA_CACHEINFO), now.attribute(unix.IFA_CACHEINFO))
			return a, true
		}
	}
	return a, false
}

func (r HeldRoute) attributes() []syscall.NetlinkRouteAttr {
	list, _ := nl.ParseRouteAttr(r[unix.SizeofRtMsg:])
	return list
}

func (r HeldRoute) attribute(kind uint16) []byte { return find(r.attributes(), kind) }

// hops is 1 for a route by a gateway, 0 for one to neighbours.
func (r HeldRoute) hops() int {
	if r.attribute(unix.RTA_GATEWAY) == nil && r.attribute(unix.RTA_VIA) == nil {
		return 0
	}
	return 1
}

func (r HeldRoute) dst() netip.Prefix {
	addr, ok := netip.AddrFromSlice(r.attribute(unix.RTA_DST))
	if !ok {
		addr = map[bool]netip.Addr{false: netip.IPv4Unspecified(), true: netip.IPv6Unspecified()}[r[0] == unix.AF_INET6]
	}
	return netip.PrefixFrom(addr, int(r[1]))
}

// gateway is invalid if there is none.
func (r HeldRoute) gateway() netip.Addr {
	gw, _ := netip.AddrFromSlice(r.attribute(unix.RTA_GATEWAY))
	return gw
}

// link is the index of the route's link, 0 if it has none of its own.
func (r HeldRoute) link() int { return r.number(unix.RTA_OIF) }

// table is the route's, of which the head has room for 255.
func (r HeldRoute) table() int { return cmp.Or(r.number(unix.RTA_TABLE), int(r[routeTable])) }

func (r HeldRoute) number(kind uint16) int {
	if value := r.attribute(kind); len(value) == 4 {
		return int(binary.NativeEndian.Uint32(value))
	}
	return 0
}

// String returns "10.0.0.0/8 via 10.1.0.1".
func (r HeldRoute) String() string { return Route{Dst: r.dst(), Gateway: r.gateway()}.String() }

// on makes the message for another link. Of the flags only "onlink" is a wish, the others
// are news; and what is left of a lifetime is said in one unit and told in another.
func (r HeldRoute) on(link Link) []nl.NetlinkRequestData {
	head := message(append([]byte(nil), r[:unix.SizeofRtMsg]...))
	flags := binary.NativeEndian.Uint32(head[routeFlags:])
	binary.NativeEndian.PutUint32(head[routeFlags:], flags&unix.RTNH_F_ONLINK)
	data := []nl.NetlinkRequestData{head}
	for _, attr := range r.attributes() {
		switch attr.Attr.Type {
		case unix.RTA_OIF:
			attr.Value = nl.Uint32Attr(uint32(link.Index))
		case unix.RTA_CACHEINFO:
			left := int32(binary.NativeEndian.Uint32(attr.Value[routeExpires:]))
			if left <= 0 {
				continue
			}
			attr.Attr.Type, attr.Value = unix.RTA_EXPIRES, nl.Uint32Attr(uint32(left/ticks))
		}
		data = append(data, nl.NewRtAttr(int(attr.Attr.Type), attr.Value))
	}
	return data
}

// heldAddresses lists the addresses of a link, without link-local IPv6 ones.
func (r *requests) heldAddresses(link int) ([]HeldAddress, error) {
	of := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	of.Index = uint32(link)
	msgs, err := r.do(unix.RTM_GETADDR, unix.NLM_F_DUMP, of)
	var list []HeldAddress
	for _, m := range msgs {
		a := HeldAddress(m)
		if int(nl.DeserializeIfAddrmsg(m).Index) == link && !linkLocal6(a.prefix().Addr()) {
			list = append(list, append(HeldAddress(nil), a...))
		}
	}
	return list, err
}

func linkLocal6(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

// heldRoutes lists the unicast routes by a link.
func (r *requests) heldRoutes(family uint8, link Link) ([]HeldRoute, error) {
	routes, err := r.routes(int(family), number(unix.RTA_OIF, link.Index))
	var list []HeldRoute
	for _, route := range routes {
		if route[routeType] != unix.RTN_UNICAST || route.table() == unix.RT_TABLE_LOCAL ||
			route[routeProtocol] == unix.RTPROT_KERNEL && linkLocal6(route.dst().Addr()) {
			continue
		}
		if route.shares(link.Index) {
			return nil, &MultipathError{route.String(), link.Name}
		}
		if route.link() == link.Index {
			list = append(list, route)
		}
	}
	return list, err
}

// shares reports whether the link is one of several next hops, or stands in an object.
func (r HeldRoute) shares(link int) bool {
	if r.attribute(rtaNextHopID) != nil {
		return r.link() == link
	}
	hops := r.attribute(unix.RTA_MULTIPATH)
	for len(hops) >= unix.SizeofRtNexthop {
		hop := nl.DeserializeRtNexthop(hops)
		if int(hop.Ifindex) == link {
			return true
		}
		hops = hops[min(len(hops), max(int(hop.RtNexthop.Len+3)&^3, unix.SizeofRtNexthop)):]
	}
	return false
}
