package integration

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// TestErrorsAreNoWayThroughWalls is about ICMP errors that a container makes up about a connection of others,
// which conntrack takes for related to that. What such a packet quotes can be anything: where two sides know
// of a connection, it is a way from the one to the other.
func TestErrorsAreNoWayThroughWalls(t *testing.T) {
	for _, internal := range []bool{false, true} {
		h, n := newDemo(t)
		attach(t, h, n, "web", testbed.Port{HostPort: 5300, ContainerPort: 53, Protocol: "udp"})
		inner, _ := attach(t, h, otherNetwork(n).With(0, "internal", internal), "inner")
		lan, host := netip.MustParseAddr(testbed.LANAddr4), netip.MustParseAddr(testbed.HostAddr4)
		question := udp(lan, 7777, host, 5300, "four")
		h.Send(h.LAN, "eth0", testbed.Ether(linkMAC(h, "", "uplink"), linkMAC(h, h.LAN, "eth0"), unix.ETH_P_IP, question))
		waitTracked(t, h, "dport=5300")
		arrived := errorArrives(t, h, h.LAN, inner.Netns, unreachable(netip.MustParseAddr("10.98.0.2"), lan, udp(lan, 7777, victim4, 53, "four")))
		if arrived == internal {
			t.Errorf("internal %t: an error about a connection of the LAN arrives there: %t", internal, arrived)
		}
	}
}

// unreachable says that nobody listens where a packet went (RFC 792).
func unreachable(from, to netip.Addr, about []byte) []byte {
	return testbed.ICMPv4(3, 3, from, to, slices.Concat(make([]byte, 4), about))
}

func waitTracked(t *testing.T, h *testbed.Host, what string) {
	t.Helper()
	for range 100 {
		if strings.Contains(h.Run("conntrack", "-L"), what) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nothing with %s is tracked", what)
}

// errorArrives sends an error to the gateway of the other network, and reports whether a place has seen one until a
// second packet has gone the same way.
func errorArrives(t *testing.T, h *testbed.Host, place, from string, packet []byte) bool {
	t.Helper()
	for _, rule := range []string{"add table ip seen", "add chain ip seen in { type filter hook prerouting priority -400; }",
		"add rule ip seen in icmp type destination-unreachable counter"} {
		h.RunIn(place, "nft", rule)
	}
	h.Send(from, "eth0", testbed.Ether(linkMAC(h, "", "other0"), linkMAC(h, from, "eth0"), unix.ETH_P_IP, packet))
	h.RunIn(from, "ping", "-c", "1", "-W", "5", "10.98.0.1")
	return !strings.Contains(h.RunIn(place, "nft", "list", "chain", "ip", "seen", "in"), "packets 0 ")
}
