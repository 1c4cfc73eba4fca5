package links_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/links"
	"vethbridge/internal/sysctl"
)

func TestAddPortGivesTheContainerWhatThePlanSays(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	port.Hairpin, port.Isolated = true, true
	hostEnd, eth := h.add(t, port)
	if err := h.CheckPort(context.Background(), port); err != nil {
		t.Error(err)
	}
	if hostEnd.Name != "veth0" || hostEnd.MTU != 1400 || hostEnd.Index == 0 {
		t.Errorf("host's end: %+v", hostEnd)
	}
	if eth.Name != "eth0" || eth.MTU != 1400 || !bytes.Equal(eth.MAC, port.MAC) {
		t.Errorf("container's end: %+v", eth)
	}
}

// Nothing waits for duplicate address detection, not even the link-local address, which the
// kernel adds in its own time; and the container is deaf to router advertisements.
func TestAddPortLeavesNoAddressTentativeAndNoAdvertisementWelcome(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	_, eth := h.add(t, c.port(0))
	for _, a := range c.addresses(t, eth) {
		if a.Flags&unix.IFA_F_TENTATIVE != 0 && !a.IP.IsLinkLocalUnicast() {
			t.Errorf("%s is tentative", a)
		}
	}
	for _, key := range []string{"ipv6/conf/eth0/accept_dad", "ipv6/conf/eth0/accept_ra", "ipv6/conf/eth0/autoconf", "ipv6/conf/eth0/accept_redirects", "ipv4/conf/eth0/accept_redirects"} {
		if now := c.sysctl(t, "net/"+key); now != "0" {
			t.Errorf("%s is %s", key, now)
		}
	}
}

func TestTheGatewayCanBeUsedAtOnce(t *testing.T) {
	h := newHost(t)
	st := h.ensure(t, demoBridge())
	h.add(t, h.container(t).port(0))
	change(t, "demo0", func(netlink.Link) error { return nil })
	for _, a := range addresses(t, st.Link) {
		if a.Flags&unix.IFA_F_TENTATIVE != 0 && !a.IP.IsLinkLocalUnicast() {
			t.Errorf("%s is tentative", a)
		}
	}
}

func TestAnIPv4OnlyPortHasNoIPv6AddressOnEitherEnd(t *testing.T) {
	h := newHost(t)
	bridge := demoBridge()
	bridge.IPv6, bridge.Gateways = false, prefixes("10.1.0.1/16")
	st := h.ensure(t, bridge)
	c := h.container(t)
	port := c.port(0)
	port.Addresses, port.Routes = port.Addresses[:1], port.Routes[:1]
	hostEnd, eth := h.add(t, port)
	// A look at the bridge makes the kernel take note of its carrier, and give addresses.
	change(t, "demo0", func(netlink.Link) error { return nil })
	found := append(c.addresses(t, eth), append(addresses(t, hostEnd), addresses(t, st.Link)...)...)
	for _, a := range found {
		if a.IP.To4() == nil {
			t.Errorf("there is an IPv6 address %s", a)
		}
	}
}

// A second network's default route is there, and the first one's stays the one in use.
func TestTheDefaultRouteOfASecondNetworkDoesNotReplaceTheFirst(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	h.ensure(t, links.Bridge{Name: "demo1", Mark: "vethbridge bridge", IPv6: true, Gateways: prefixes("10.2.0.1/16", "2001:db8:2::1/64")})
	c := h.container(t)
	_, first := h.add(t, c.port(0))
	second := c.port(1)
	second.Bridge, second.Addresses = "demo1", prefixes("10.2.0.2/16", "2001:db8:2::2/64")
	second.Routes[0].Gateway, second.Routes[1].Gateway = netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("2001:db8:2::1")
	h.add(t, second)
	if err := errors.Join(h.CheckPort(context.Background(), c.port(0)), h.CheckPort(context.Background(), second)); err != nil {
		t.Error(err)
	}
	for _, to := range []string{"192.0.2.1", "2001:db8:ffff::1"} {
		if index := c.routeTo(t, to); index != first.Index {
			t.Errorf("the way to %s is link %d, want %d", to, index, first.Index)
		}
	}
	c.inside(t, func() error {
		for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
			list, err := netlink.RouteListFiltered(family, &netlink.Route{Dst: nil}, netlink.RT_FILTER_DST)
			if err != nil || len(list) != 2 || list[0].Priority == list[1].Priority {
				return fmt.Errorf("default routes %v: the kernel changes between two of the same priority: %w", list, err)
			}
		}
		return nil
	})
}

func TestTwoEqualDefaultRoutesAreOne(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	port := c.port(0)
	port.Routes = append(port.Routes, port.Routes...)
	h.add(t, port)
	c.inside(t, func() error {
		list, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
		defaults := slices.DeleteFunc(list, func(r netlink.Route) bool { return r.Gw == nil })
		if len(defaults) != 2 { // one of each family
			return fmt.Errorf("default routes: %v, %w", defaults, err)
		}
		return err
	})
}

func TestRoutesCarryAllTheirFields(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	port := c.port(0)
	scope := unix.RT_SCOPE_LINK
	port.Routes = []links.Route{{
		Dst: netip.MustParsePrefix("203.0.113.0/24"), MTU: 1300, AdvMSS: 1200, Priority: 77, Table: 100, Scope: &scope,
	}}
	h.add(t, port)
	c.inside(t, func() error {
		list, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Table: 100}, netlink.RT_FILTER_TABLE)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("routes of table 100: %v, %w", list, err)
		}
		if r := list[0]; r.MTU != 1300 || r.AdvMSS != 1200 || r.Priority != 77 || r.Scope != unix.RT_SCOPE_LINK {
			return fmt.Errorf("route %+v", r)
		}
		return nil
	})
}

func TestADownPortIsNotWaitedFor(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	port.Down = true
	h.add(t, port)
	if err := h.CheckPort(context.Background(), port); err != nil {
		t.Error(err)
	}
}

func TestFiftyPortsAtOnceOnOneBridge(t *testing.T) {
	h := newHost(t)
	c := h.container(t)
	var running sync.WaitGroup
	failed := make(chan error, 50)
	h.ensure(t, demoBridge())
	for i := range 50 {
		running.Go(func() {
			port := c.port(i)
			port.Container = links.In(c.ns) // as each process has its own
			defer port.Container.Close()
			_, _, err := h.AddPort(context.Background(), port)
			failed <- errors.Join(err, h.CheckPort(context.Background(), port))
		})
	}
	running.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			t.Error(err)
		}
	}
}

func addresses(t *testing.T, l links.Link) []netlink.Addr {
	t.Helper()
	list, err := netlink.AddrList(&netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Index: l.Index}}, netlink.FAMILY_ALL)
	if err != nil {
		t.Error(err)
	}
	return list
}

func (c container) addresses(t *testing.T, l links.Link) (list []netlink.Addr) {
	t.Helper()
	c.inside(t, func() error {
		list = addresses(t, l)
		return nil
	})
	return list
}

func (c container) sysctl(t *testing.T, key string) (value string) {
	t.Helper()
	c.inside(t, func() (err error) {
		value, err = sysctl.Get(key)
		return err
	})
	return value
}

func (c container) routeTo(t *testing.T, to string) (link int) {
	t.Helper()
	c.inside(t, func() error {
		routes, err := netlink.RouteGet(netip.MustParseAddr(to).AsSlice())
		if err != nil {
			return err
		}
		link = routes[0].LinkIndex
		return nil
	})
	return link
}
