package integration

import (
	"net"
	"strings"
	"testing"
	"time"

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

// TestTheNextHolderOfAnAddressHearsNothingOfItsFormerPeers has a container speak with the LAN by UDP, and
// the LAN go on when another container has the address.
func TestTheNextHolderOfAnAddressHearsNothingOfItsFormerPeers(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipMasq", true)
	listen := func(path, address string) (c net.PacketConn) {
		t.Helper()
		if err := h.In(path, func() (err error) { c, err = net.ListenPacket("udp4", address); return err }); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	hears := func(c net.PacketConn, limit time.Duration) (string, net.Addr) {
		buffer := make([]byte, 100)
		_ = c.SetReadDeadline(time.Now().Add(limit))
		size, from, _ := c.ReadFrom(buffer)
		return string(buffer[:size]), from
	}
	peer := listen(h.LAN, testbed.LANAddr4+":7000")
	var said net.Addr // where the peer answers
	for _, id := range []string{"first", "second"} {
		web := testbed.Container{ID: id, Netns: h.NewContainer(), Args: "IP=10.99.0.77"}
		result := n.Add(t, web)
		own := listen(web.Netns, "10.99.0.77:6000")
		if id == "first" {
			if _, err := own.WriteTo([]byte("hello"), peer.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			_, said = hears(peer, time.Minute)
		}
		if said == nil {
			t.Fatal("the LAN hears nothing of the container")
		}
		if _, err := peer.WriteTo([]byte("for the first"), said); err != nil {
			t.Fatal(err)
		}
		limit := time.Minute
		if id != "first" { // nothing is to come
			limit = time.Second
		}
		if heard, _ := hears(own, limit); (heard != "") != (id == "first") {
			t.Errorf("the %s container hears %q", id, heard)
		}
		n.Del(t, web, result.Raw)
	}
}
