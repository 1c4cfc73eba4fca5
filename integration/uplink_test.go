package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

const (
	lanWeb4, lanWeb6 = "198.51.100.50", "2001:db8:1::50"
)

// lanNetwork is the demo network with the uplink in its bridge and addresses of the LAN.
func lanNetwork(n testbed.Network) testbed.Network {
	ipam := testbed.Config{
		"ranges": []any{
			[]any{testbed.Config{"subnet": "198.51.100.0/24", "rangeStart": lanWeb4, "rangeEnd": "198.51.100.59", "gateway": testbed.LANAddr4}},
			[]any{testbed.Config{"subnet": "2001:db8:1::/64", "rangeStart": lanWeb6, "rangeEnd": "2001:db8:1::59", "gateway": testbed.LANAddr6}},
		},
		"routes": []any{testbed.Config{"dst": "0.0.0.0/0"}, testbed.Config{"dst": "::/0"}},
	}
	n.Chain = n.Chain[:1]
	return n.With(0, "ipam", ipam).With(0, "isDefaultGateway", nil).With(0, "uplink", "uplink")
}

// standsOnTheLAN says that a container and the LAN reach each other by their addresses.
func standsOnTheLAN(t *testing.T, h *testbed.Host, c testbed.Container, addr4, addr6 string) {
	t.Helper()
	expect(t, h, h.LAN, "tcp", addr4, 80, c.ID, testbed.LANAddr4)
	expect(t, h, h.LAN, "tcp", addr6, 80, c.ID, testbed.LANAddr6)
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", addr4)
	expect(t, h, c.Netns, "tcp", testbed.LANAddr6, 7000, "lan", addr6)
}

func TestUplinkPutsContainersOnTheLAN(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "addr", "flush", "dev", "uplink", "scope", "global")
	before := h.Snapshot()
	h.Serve(h.LAN, "tcp", 7000, "lan")
	n = lanNetwork(n)
	web, webResult := attach(t, h, n, "web")
	db, dbResult := attach(t, h, n, "db")
	standsOnTheLAN(t, h, web, lanWeb4, lanWeb6)
	standsOnTheLAN(t, h, db, "198.51.100.51", "2001:db8:1::51")
	if a := n.Check(t, web, webResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, web, nil)
	standsOnTheLAN(t, h, db, "198.51.100.51", "2001:db8:1::51")
	n.Del(t, db, dbResult.Raw)
	h.Same(t, before)
}

func TestUplinkWithAddressesIsRefusedAndNamesThem(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	refused(t, h, lanNetwork(n), testbed.Container{ID: "web", Netns: h.NewContainer()}, 105,
		"uplink uplink carries 198.51.100.1/24, 2001:db8:1::1/64", "uplinkMoveAddresses")
	h.Same(t, before)
}

// richUplink gives the uplink addresses and routes of every kind.
func richUplink(h *testbed.Host) {
	for _, command := range []string{
		"ip addr add 198.51.100.3/24 dev uplink label uplink:1",
		"ip addr add 203.0.113.9/32 dev uplink metric 70",
		"ip addr add 2001:db8:1::3/64 dev uplink nodad",
		"ip addr add 2001:db8:1::4/64 dev uplink nodad valid_lft 5000 preferred_lft 4000",
		"ip route add 203.0.113.64/26 via 198.51.100.2 dev uplink metric 50 mtu 1400 src 198.51.100.3",
		"ip route add 203.0.113.128/26 dev uplink proto static",
		"ip route add 192.0.2.0/24 via 203.0.113.150 dev uplink",
		"ip route add 192.0.2.0/25 via 203.0.113.5 dev uplink onlink",
		"ip route add default via 198.51.100.2 dev uplink table 100",
		"ip -6 route add 2001:db8:2::/48 via 2001:db8:1::2 dev uplink metric 77 mtu 1400 src 2001:db8:1::3",
		"ip -6 route add 2001:db8:3::/48 dev uplink expires 3000",
	} {
		words := strings.Fields(command)
		h.Run(words[0], words[1:]...)
	}
}

func TestUplinkAddressesMoveToTheBridgeAndBackByteForByte(t *testing.T) {
	h, n := newDemo(t)
	richUplink(h)
	before := h.Snapshot()
	n = lanNetwork(n).With(0, "uplinkMoveAddresses", true)
	for range 2 {
		h.Serve(h.LAN, "tcp", 7000, "lan")
		h.Serve("", "tcp", 7000, "host")
		web, webResult := attach(t, h, n, "web")
		db, dbResult := attach(t, h, n, "db")
		standsOnTheLAN(t, h, web, webResult.IPs[0].Address[:13], strings.TrimSuffix(webResult.IPs[1].Address, "/64"))
		for _, address := range []string{testbed.HostAddr4, "198.51.100.3", testbed.HostAddr6, "2001:db8:1::3"} {
			expect(t, h, h.LAN, "tcp", address, 7000, "host", "")
			expect(t, h, db.Netns, "tcp", address, 7000, "host", "")
		}
		moved := h.Run("ip", "-4", "route", "show", "table", "all", "dev", "uplink") + h.Run("ip", "-o", "addr", "show", "dev", "uplink", "scope", "global")
		if moved != "" {
			t.Errorf("left on the uplink: %s", moved)
		}
		if a := n.Check(t, web, webResult.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
		n.Del(t, web, nil)
		n.Del(t, db, dbResult.Raw)
		h.StopServing()
		h.Same(t, before)
	}
}
