package integration

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// routersOfMulticasts make a bridge believe that the port leads to a router of multicasts, which gets all of them:
// by a query, by what routers say of themselves (RFC 4286), or by PIM's hello (RFC 7761, section 4.9.2).
func routersOfMulticasts() []forged {
	all, snoopers, pim := netip.MustParseAddr("224.0.0.1"), netip.MustParseAddr("224.0.0.106"), netip.MustParseAddr("224.0.0.13")
	query := []byte{0x11, 100, 0xee, 0x9b, 0, 0, 0, 0}
	const first, second = 0x2000, 1 // fragments
	four := func(packet []byte) testbed.Frame {
		return testbed.Ether(slices.Concat([]byte{1, 0, 0x5e}, packet[17:20]), evilMAC, unix.ETH_P_IP, packet)
	}
	return []forged{
		{"query", false, four(query4())},
		{"query as a first fragment", false, four(testbed.IPv4Fragment(unix.IPPROTO_IGMP, evil4, all, first, query))},
		{"query as a later fragment", false, four(testbed.IPv4Fragment(unix.IPPROTO_IGMP, evil4, all, second, query))},
		{"router, IPv4", false, four(testbed.IPv4(unix.IPPROTO_IGMP, evil4, snoopers, testbed.Checksummed([]byte{0x30, 20, 0, 0, 0, 0, 0, 0})))},
		{"PIM hello", false, four(testbed.IPv4(unix.IPPROTO_PIM, evil4, pim, testbed.Checksummed([]byte{0x20, 0, 0, 0, 0, 1, 0, 2, 0, 105})))},
		{"query, IPv6", false, testbed.Ether(listeners, evilMAC, unix.ETH_P_IPV6, query6())},
		{"router, IPv6", false, testbed.Ether(mac("33:33:00:00:00:6a"), evilMAC, unix.ETH_P_IPV6, router6())},
	}
}

func router6() []byte {
	return testbed.HiddenICMPv6(151, evilLocal, netip.MustParseAddr("ff02::6a"), none6)
}

// TestAContainerDrawsNoMulticasts has the bridge forget what an attempt has made it believe before the next one.
func TestAContainerDrawsNoMulticasts(t *testing.T) {
	withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		victim, _ := attach(t, h, n, "victim")
		evil, _ := attach(t, h, n, "evil")
		for _, f := range routersOfMulticasts() {
			if attack(t, h, victim.Netns, evil.Netns, []forged{f})[0] {
				t.Errorf("%s arrives", f.name)
			}
			if groups := h.Run("bridge", "-d", "mdb", "show"); strings.Contains(groups, "router ports") {
				t.Errorf("%s makes a router of the port:\n%s", f.name, groups)
				forgetRouters(h)
			}
		}
	})
}

func forgetRouters(h *testbed.Host) {
	for _, link := range strings.Fields(h.Run("sh", "-c", "ip -o link show master demo0 | sed 's/^[0-9]*: //; s/@.*//'")) {
		h.Run("bridge", "link", "set", "dev", link, "mcast_router", "0")
		h.Run("bridge", "link", "set", "dev", link, "mcast_router", "1")
	}
}
