package links_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/sysctl"
)

// On a busy machine the kernel takes an address and comes to complete it later. Here it does so too, since it looks for duplicates
// of one address first, for half a second.
func TestAPortIsAnnouncedWhenTheContainerAnswersForItsIPv6Addresses(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	port := c.port(0)
	h.add(t, port)
	late := netip.MustParsePrefix("2001:db8::1:1/64")
	port.Addresses = append(port.Addresses, late)
	c.addLate(t, port.ContainerName, late)
	if c.answersFor(t, late.Addr()) {
		t.Fatalf("%s is complete at once", late)
	}
	if err := h.Announce(t.Context(), port); err != nil {
		t.Error(err)
	}
	for _, a := range port.Addresses {
		if !c.answersFor(t, a.Addr()) {
			t.Errorf("packets to %s are not the container's yet", a.Addr())
		}
	}
}

// An address that never works keeps nobody waiting for ever.
func TestTheWaitForAnAddressEnds(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	h.add(t, port)
	port.Addresses = append(port.Addresses, netip.MustParsePrefix("2001:db8::1:1/64")) // which nobody has given it
	if err := h.Announce(t.Context(), port); err != nil {
		t.Error(err)
	}
}

// addLate gives the container's interface an address of which the kernel looks for duplicates.
func (c container) addLate(t *testing.T, name string, a netip.Prefix) {
	t.Helper()
	c.inside(t, func() error {
		for key, value := range map[string]string{
			"conf/" + name + "/accept_dad": "1", "conf/" + name + "/dad_transmits": "1",
			"conf/" + name + "/router_solicitation_delay": "0", "neigh/" + name + "/retrans_time_ms": "500",
		} {
			if _, _, err := sysctl.Ensure("net/ipv6/"+key, value); err != nil {
				return err
			}
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return netlink.AddrAdd(link, &netlink.Addr{IPNet: netlink.NewIPNet(a.Addr().AsSlice())})
	})
}

// answersFor reports whether packets to an address are delivered in the container.
func (c container) answersFor(t *testing.T, a netip.Addr) (local bool) {
	t.Helper()
	c.inside(t, func() error {
		routes, err := netlink.RouteGet(a.AsSlice())
		local = len(routes) == 1 && routes[0].Type == unix.RTN_LOCAL
		if errors.Is(err, unix.ENETUNREACH) {
			return nil
		}
		return err
	})
	return local
}
