package links_test

import (
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The kernel looks through all IPv6 routes of a host when a link comes or goes, so a port adds none to them.
func TestTheHostEndHasNothingOfIPv6(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	hostEnd, _ := h.add(t, h.container(t).port(0))
	if list := addresses(t, hostEnd); len(list) > 0 {
		t.Errorf("addresses of the host's end: %v", list)
	}
	here := &netlink.Route{LinkIndex: hostEnd.Index, Table: unix.RT_TABLE_UNSPEC}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V6, here, netlink.RT_FILTER_OIF|netlink.RT_FILTER_TABLE)
	if err != nil || len(routes) > 0 {
		t.Errorf("routes by the host's end: %v %v", routes, err)
	}
}

// Each time that its carrier comes or goes, the bridge goes through all its ports, and all who listen are told.
func TestTheHostEndGoesUpWithCarrier(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	events, done := make(chan netlink.LinkUpdate, 100), make(chan struct{})
	if err := netlink.LinkSubscribe(events, done); err != nil {
		t.Fatal(err)
	}
	defer close(done)
	hostEnd, _ := h.add(t, h.container(t).port(0))
	makeVeth(t, "last0", "last1")
	told := 0
	for e := range events {
		a := e.Attrs()
		if a.Name == "last0" {
			break
		}
		if e.IfInfomsg.Family != unix.AF_UNSPEC || a.Index != hostEnd.Index || a.MasterIndex == 0 {
			continue
		}
		told++
		if up, carrier := a.Flags&net.FlagUp != 0, a.RawFlags&unix.IFF_LOWER_UP != 0; up != carrier {
			t.Errorf("the host's end is up: %t, and has carrier: %t", up, carrier)
		}
	}
	if told > 4 { // it has the bridge; the bridge hears all of it; it is up; it has carrier
		t.Errorf("the kernel told of the host's end %d times", told)
	}
}
