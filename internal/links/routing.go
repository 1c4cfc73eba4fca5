package links

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// addRoute adds a route by a link.
func (r *requests) addRoute(route Route, link int) error {
	to := nl.NewRtMsg()
	to.Family, to.Dst_len, to.Scope = uint8(family(route.Dst.Addr())), uint8(route.Dst.Bits()), scope(route)
	data := []nl.NetlinkRequestData{to, nl.NewRtAttr(unix.RTA_DST, route.Dst.Addr().AsSlice()), number(unix.RTA_OIF, link)}
	if route.Gateway.IsValid() {
		data = append(data, nl.NewRtAttr(unix.RTA_GATEWAY, route.Gateway.AsSlice()))
	}
	if route.Table > 0 {
		to.Table = unix.RT_TABLE_UNSPEC // it has no room for more than 255
		data = append(data, number(unix.RTA_TABLE, route.Table))
	}
	if route.Priority > 0 {
		data = append(data, number(unix.RTA_PRIORITY, route.Priority))
	}
	if route.MTU > 0 || route.AdvMSS > 0 {
		data = append(data, metrics(&route))
	}
	_, err := r.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, data...)
	return err
}

func metrics(r *Route) *nl.RtAttr {
	list := nl.NewRtAttr(unix.RTA_METRICS, nil)
	if r.MTU > 0 {
		list.AddRtAttr(unix.RTAX_MTU, nl.Uint32Attr(uint32(r.MTU)))
	}
	if r.AdvMSS > 0 {
		list.AddRtAttr(unix.RTAX_ADVMSS, nl.Uint32Attr(uint32(r.AdvMSS)))
	}
	return list
}

// routes lists the routes of a family in all tables, those by one link if RTA_OIF says so. It leaves out what the kernel
// has only noted, and without IPv6 the kernel lists those of IPv4 in its place.
func (r *requests) routes(family int, of ...nl.NetlinkRequestData) (list []HeldRoute, err error) {
	head := &nl.RtMsg{RtMsg: unix.RtMsg{Family: uint8(family)}}
	msgs, err := r.do(unix.RTM_GETROUTE, unix.NLM_F_DUMP, append([]nl.NetlinkRequestData{head}, of...)...)
	for _, m := range msgs {
		if head := nl.DeserializeRtMsg(m); int(head.Family) == family && head.Flags&unix.RTM_F_CLONED == 0 {
			list = append(list, m)
		}
	}
	return list, err
}

// mainRoutes lists the routes of the table "main".
func (r *requests) mainRoutes(family int) ([]HeldRoute, error) {
	list, err := r.routes(family)
	return slices.DeleteFunc(list, func(r HeldRoute) bool { return r.table() != unix.RT_TABLE_MAIN }), err
}

// wayTo asks the kernel by which link it reaches an address.
func (r *requests) wayTo(a netip.Addr) (link int, err error) {
	route, err := r.routeTo(a)
	if err != nil {
		return 0, err
	}
	if link = route.link(); link == 0 {
		return 0, unix.ENETUNREACH
	}
	return link, nil
}

// routeTo asks for the route that the kernel takes to an address.
func (r *requests) routeTo(a netip.Addr) (HeldRoute, error) {
	of := &nl.RtMsg{RtMsg: unix.RtMsg{Family: uint8(family(a)), Dst_len: uint8(a.BitLen())}}
	msgs, err := r.do(unix.RTM_GETROUTE, 0, of, nl.NewRtAttr(unix.RTA_DST, a.AsSlice()))
	if err != nil || len(msgs) == 0 || len(msgs[0]) < unix.SizeofRtMsg {
		return nil, cmp.Or(err, error(unix.ENETUNREACH))
	}
	return msgs[0], nil
}
