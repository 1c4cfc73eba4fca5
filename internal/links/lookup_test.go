package links_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/links"
)

func TestRouteDeviceIsTheLinkThatLeadsToAnAddress(t *testing.T) {
	h := newHost(t)
	st := h.ensure(t, demoBridge())
	h.add(t, h.container(t).port(0))
	for _, to := range []string{"10.1.0.2", "2001:db8::100"} {
		link, err := h.RouteDevice(netip.MustParseAddr(to))
		if err != nil || link.Index != st.Link.Index || link.Name != "demo0" {
			t.Errorf("%s: %+v, %v", to, link, err)
		}
	}
	if link, err := h.RouteDevice(netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Errorf("an address that can't be reached: %+v", link)
	}
}

func TestDefaultRouteMTUIsThatOfTheDevice(t *testing.T) {
	for _, gateway := range []string{"198.51.100.254", "2001:db8:5::254"} {
		t.Run(gateway, func(t *testing.T) {
			h := newHost(t)
			if mtu, err := h.DefaultRouteMTU(); mtu != 0 || err != nil {
				t.Errorf("without a default route: %d, %v", mtu, err)
			}
			uplink(t, gateway, unix.RTPROT_STATIC)
			if mtu, err := h.DefaultRouteMTU(); mtu != 1442 || err != nil {
				t.Errorf("MTU %d, %v", mtu, err)
			}
		})
	}
}

func TestOnlyDefaultRoutesFromAdvertisementsNeedToBeKept(t *testing.T) {
	for protocol, want := range map[netlink.RouteProtocol][]string{unix.RTPROT_RA: {"uplink"}, unix.RTPROT_STATIC: nil} {
		h := newHost(t)
		uplink(t, "2001:db8:5::254", protocol)
		if got, err := h.RouterAdvertisementDevices(); !slices.Equal(got, want) || err != nil {
			t.Errorf("protocol %s: %v, %v", protocol, got, err)
		}
	}
}

// uplink makes a device with a default route.
func uplink(t *testing.T, gateway string, protocol netlink.RouteProtocol) {
	t.Helper()
	makeVeth(t, "uplink", "peer0")
	change(t, "peer0", netlink.LinkSetUp)
	change(t, "uplink", netlink.LinkSetUp)
	change(t, "uplink", func(l netlink.Link) error { return netlink.LinkSetMTU(l, 1442) })
	change(t, "uplink", addAddress("198.51.100.1/24"))
	change(t, "uplink", addAddress("2001:db8:5::1/64"))
	change(t, "uplink", func(l netlink.Link) error {
		return netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Gw: netip.MustParseAddr(gateway).AsSlice(), Protocol: protocol})
	})
}

func TestSetHairpinRefusesWhatIsNoPort(t *testing.T) {
	h := newHost(t)
	makeVeth(t, "veth0", "peer0")
	if err := h.SetHairpin("veth0", true); err == nil {
		t.Error("no error")
	}
}

func TestStableMACIsTheSameUnicastLocalAddressEveryTime(t *testing.T) {
	seen := map[string]netip.Addr{}
	for _, text := range []string{"10.1.0.2", "10.1.0.3", "2001:db8::2", "2001:db8::3", "fe80::2"} {
		addr := netip.MustParseAddr(text)
		mac := links.StableMAC(addr)
		if len(mac) != 6 || mac[0]&1 != 0 || mac[0]&2 == 0 || mac.String() != links.StableMAC(addr).String() {
			t.Errorf("%s: MAC %s", addr, mac)
		}
		if other, twice := seen[mac.String()]; twice {
			t.Errorf("%s and %s have one MAC %s", addr, other, mac)
		}
		seen[mac.String()] = addr
	}
	if a, b := links.DerivedMAC("a", "bc"), links.DerivedMAC("ab", "c"); a.String() == b.String() {
		t.Errorf("different texts have one MAC %s", a)
	}
}
