package links_test

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/links"
)

// broken is a state of the world that CHECK must see, and what it must say.
type broken struct {
	name, says string
	by         func(t *testing.T, c container, eth links.Link)
}

func brokenStates() []broken {
	host := func(by func(netlink.Link) error) func(*testing.T, container, links.Link) {
		return func(t *testing.T, _ container, _ links.Link) { change(t, "veth0", by) }
	}
	inside := func(by func(netlink.Link) error) func(*testing.T, container, links.Link) {
		return func(t *testing.T, c container, _ links.Link) { c.change(t, "eth0", by) }
	}
	return []broken{
		{"host link down", "link veth0 is down", host(netlink.LinkSetDown)},
		{"out of the bridge", "link veth0 is not a port of bridge demo0", host(netlink.LinkSetNoMaster)},
		{"host link gone", "link veth0 is missing", host(netlink.LinkDel)},
		{"host link renamed", "link veth0 is called hidden0 now", func(t *testing.T, _ container, _ links.Link) { rename(t, "veth0", "hidden0") }},
		{"host MTU", "link veth0 has MTU 1300, not 1400", host(func(l netlink.Link) error { return netlink.LinkSetMTU(l, 1300) })},
		{"alias", `link veth0 carries the alias "else"`, host(func(l netlink.Link) error { return netlink.LinkSetAlias(l, "else") })},
		{"hairpin", "port veth0 has hairpin mode off", host(func(l netlink.Link) error { return netlink.LinkSetHairpin(l, false) })},
		{"isolation", "port veth0 is isolated: false, want true", host(func(l netlink.Link) error { return netlink.LinkSetIsolated(l, false) })},
		{"container link gone", "eth0 is missing in the container", inside(netlink.LinkDel)},
		{"container link down", "eth0 in the container is up: false, want true", inside(netlink.LinkSetDown)},
		{"port that only learns", "port veth0 of bridge demo0 does not forward, it is learning", func(t *testing.T, _ container, _ links.Link) {
			if out, err := exec.Command("bridge", "link", "set", "dev", "veth0", "state", "2").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}},
		{"no neighbours", "eth0 in the container asks for no neighbours (NOARP)", inside(netlink.LinkSetARPOff)},
		{"container MTU", "eth0 in the container has MTU 1300, not 1400", inside(func(l netlink.Link) error { return netlink.LinkSetMTU(l, 1300) })},
		{"container MAC", "eth0 in the container has MAC 0a:00:00:00:00:01, not", inside(setMAC)},
		{"IPv4 address", "eth0 in the container lacks address 10.1.0.2/16", removeAddress("10.1.0.2/16")},
		{"IPv6 address", "eth0 in the container lacks address 2001:db8::100/64", removeAddress("2001:db8::100/64")},
		{"IPv4 route", "the container lacks route 0.0.0.0/0 via 10.1.0.1", removeDefault(netlink.FAMILY_V4)},
		{"IPv6 route", "the container lacks route ::/0 via 2001:db8::1", removeDefault(netlink.FAMILY_V6)},
		{"bridge down", "bridge demo0 is down", func(t *testing.T, _ container, _ links.Link) { change(t, "demo0", netlink.LinkSetDown) }},
		{"bridge gone", "check bridge: demo0 is missing", func(t *testing.T, _ container, _ links.Link) { change(t, "demo0", netlink.LinkDel) }},
		{"bridge not promiscuous", "bridge demo0 is not promiscuous", func(t *testing.T, _ container, _ links.Link) {
			change(t, "demo0", netlink.SetPromiscOff)
		}},
		{"gateway gone", "bridge demo0 lacks gateway address 10.1.0.1/16", func(t *testing.T, _ container, _ links.Link) {
			change(t, "demo0", deleteAddress("10.1.0.1/16"))
		}},
	}
}

func TestCheckNamesExactlyWhatDiffers(t *testing.T) {
	for _, b := range brokenStates() {
		t.Run(b.name, func(t *testing.T) {
			h := newHost(t)
			bridge := demoBridge()
			bridge.Promisc = true
			h.ensure(t, bridge)
			c := h.container(t)
			port := c.port(0)
			port.Hairpin, port.Isolated = true, true
			_, eth := h.add(t, port)
			if said := h.check(bridge, port); said != "" {
				t.Fatalf("a sound port: %s", said)
			}
			b.by(t, c, eth)
			if said := h.check(bridge, port); !strings.Contains(said, b.says) {
				t.Errorf("check says %q, want %q", said, b.says)
			}
		})
	}
}

func (h testHost) check(b links.Bridge, p links.Port) string {
	var said []string
	for _, err := range []error{h.CheckBridge(context.Background(), b), h.CheckPort(context.Background(), p)} {
		if err != nil {
			said = append(said, err.Error())
		}
	}
	return strings.Join(said, "\n")
}

// What others add to the container or the bridge is their business.
func TestCheckPassesWithMoreThanThePlan(t *testing.T) {
	h, c := twoPorts(t)
	c.change(t, "eth0", addAddress("10.1.200.1/16"))
	change(t, "demo0", addAddress("10.77.0.1/16"))
	if err := h.SetHairpin("veth0", true); err != nil {
		t.Error(err)
	}
	if said := h.check(demoBridge(), c.port(0)); said != "" {
		t.Error(said)
	}
}

// A table beyond 255 has no room in the head of a route.
func TestCheckLooksForARouteInItsTableAndByItsGateway(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	for _, table := range []int{0, 100, 1000} {
		port.Routes = append(port.Routes, links.Route{Dst: netip.MustParsePrefix("203.0.113.0/24"), Gateway: netip.MustParseAddr("10.1.0.1"), Table: table})
	}
	h.add(t, port)
	if said := h.check(demoBridge(), port); said != "" {
		t.Errorf("sound routes: %s", said)
	}
	last := &port.Routes[len(port.Routes)-1]
	for _, wrong := range []links.Route{
		{Dst: last.Dst, Gateway: last.Gateway, Table: 1001},
		{Dst: last.Dst, Gateway: netip.MustParseAddr("10.1.0.9"), Table: last.Table},
	} {
		*last = wrong
		if said := h.check(demoBridge(), port); !strings.Contains(said, "lacks route "+wrong.String()) {
			t.Errorf("%+v: check says %q", wrong, said)
		}
	}
}

func setMAC(l netlink.Link) error {
	return netlink.LinkSetHardwareAddr(l, net.HardwareAddr{0x0a, 0, 0, 0, 0, 1})
}

func addAddress(prefix string) func(netlink.Link) error {
	return func(l netlink.Link) error {
		addr, err := netlink.ParseAddr(prefix)
		if err != nil {
			return err
		}
		return netlink.AddrAdd(l, addr)
	}
}

func deleteAddress(prefix string) func(netlink.Link) error {
	return func(l netlink.Link) error {
		addr, err := netlink.ParseAddr(prefix)
		if err != nil {
			return err
		}
		return netlink.AddrDel(l, addr)
	}
}

func removeAddress(prefix string) func(*testing.T, container, links.Link) {
	return func(t *testing.T, c container, _ links.Link) { c.change(t, "eth0", deleteAddress(prefix)) }
}

func removeDefault(family int) func(*testing.T, container, links.Link) {
	return func(t *testing.T, c container, eth links.Link) {
		c.inside(t, func() error {
			filter := &netlink.Route{LinkIndex: eth.Index, Table: unix.RT_TABLE_MAIN}
			routes, err := netlink.RouteListFiltered(family, filter, netlink.RT_FILTER_DST|netlink.RT_FILTER_OIF)
			for i := 0; i < len(routes) && err == nil; i++ {
				err = netlink.RouteDel(&routes[i])
			}
			return err
		})
	}
}
