package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

const clientPort = 40_000

// keeps asks from the same source port all the time.
func keeps(t *testing.T, h *testbed.Host, port int, want string) {
	t.Helper()
	if name, err := h.AskAgain(h.LAN, clientPort, testbed.HostAddr4, port); err != nil || name != want {
		t.Errorf("port %d: %q, %v; want %q", port, name, err, want)
	}
}

// TestAClientThatGoesOnTalkingFollowsTheMapping is about UDP: without an end of its own, a
// connection would lead to what was there when it began for as long as the client talks.
func TestAClientThatGoesOnTalkingFollowsTheMapping(t *testing.T) {
	h, n := newDemo(t)
	port := testbed.Port{HostPort: 5300, ContainerPort: 80, Protocol: "udp"}
	other, otherResult := attach(t, h, n, "other", testbed.Port{HostPort: 5301, ContainerPort: 80, Protocol: "udp"})
	keeps(t, h, 5301, "other")
	h.Serve("", "udp", 5300, "host")
	keeps(t, h, 5300, "host")
	h.StopServing()
	for _, id := range []string{"first", "second"} {
		c, result := attach(t, h, n, id, port)
		keeps(t, h, 5300, id)
		n.Del(t, c, result.Raw)
	}
	// The others' connections are not touched.
	h.Serve(other.Netns, "udp", 80, "other")
	tracked := h.Run("conntrack", "-L", "-p", "udp")
	if !strings.Contains(tracked, "dport=5301") || strings.Contains(tracked, "dport=5300") {
		t.Errorf("tracked afterwards:\n%s", tracked)
	}
	n.Del(t, other, otherResult.Raw)
}

// TestNothingOfAnOldClientIsLeftForTheNextHolderOfAnAddress is about all protocols.
func TestNothingOfAnOldClientIsLeftForTheNextHolderOfAnAddress(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n, "web",
		testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 8080, ContainerPort: 80, Protocol: "udp"})
	for _, network := range []string{"tcp", "udp"} {
		for _, host := range []string{testbed.HostAddr4, testbed.HostAddr6} {
			expect(t, h, h.LAN, network, host, 8080, "web", "")
		}
	}
	n.Del(t, c, result.Raw)
	for _, family := range []string{"ipv4", "ipv6"} {
		if tracked := h.Run("conntrack", "-L", "-f", family); strings.Contains(tracked, "dport=8080") {
			t.Errorf("tracked afterwards:\n%s", tracked)
		}
	}
}
