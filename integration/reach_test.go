package integration

import (
	"testing"

	"vethbridge/integration/testbed"
)

// client is where a connection to a published port comes from.
type client struct {
	name   string
	path   string
	local  bool // it can use the host's loopback address
	inside bool // it reaches unpublished ports too
	cutOff bool // by its own network: it reaches nothing
}

// TestPublishedPortsAnswerEveryClient is the table of who reaches a published port: from
// where, by which address of the host, by which protocol and family, with each backend, with
// frames on the bridge shown to the IP hooks or not.
func TestPublishedPortsAnswerEveryClient(t *testing.T) {
	for _, bridgeFilter := range []string{"0", "1"} {
		t.Run("bridge-nf-call="+bridgeFilter, func(t *testing.T) {
			onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
				h.Sysctl("net/bridge/bridge-nf-call-iptables", bridgeFilter)
				h.Sysctl("net/bridge/bridge-nf-call-ip6tables", bridgeFilter)
				h.RunIn(h.LAN, "ip", "route", "add", "10.99.0.0/24", "via", testbed.HostAddr4)
				reach(t, h, n)
			})
		})
	}
}

func reach(t *testing.T, h *testbed.Host, n testbed.Network) {
	ports := []testbed.Port{
		{HostPort: 8080, ContainerPort: 80}, {HostPort: 8080, ContainerPort: 80, Protocol: "udp"},
		{HostPort: 8081, ContainerPort: 80, HostIP: testbed.HostAddr4}, {HostPort: 8081, ContainerPort: 80, HostIP: testbed.HostAddr6},
		{HostPort: 8082, ContainerPort: 80, HostIP: "127.0.0.1"},
	}
	web, webResult := attach(t, h, n, "web", ports...)
	db, dbResult := attach(t, h, n, "db")
	clients := []client{
		{name: "LAN", path: h.LAN}, {name: "host", local: true, inside: true},
		{name: "sibling", path: db.Netns, inside: true}, {name: "container itself", path: web.Netns, inside: true},
	}
	for _, c := range clients {
		c.try(t, h)
	}
	for _, c := range []client{{name: "other"}, {name: "isolated"}, {name: "internal", cutOff: true}} {
		elsewhere := otherNetwork(n)
		switch c.name {
		case "isolated":
			elsewhere = elsewhere.With(0, "isolation", "network")
		case "internal":
			elsewhere = elsewhere.With(0, "internal", true)
		}
		container, result := attach(t, h, elsewhere, c.name)
		c.path = container.Netns
		c.try(t, h)
		elsewhere.Del(t, container, result.Raw)
	}
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, webResult.Raw)
}

// try asks for every port by every address that a client may know.
func (c client) try(t *testing.T, h *testbed.Host) {
	t.Helper()
	for _, network := range []string{"tcp", "udp"} {
		for _, host := range []string{testbed.HostAddr4, testbed.HostAddr6} {
			c.asks(t, h, network, host, 8080, !c.cutOff)
		}
	}
	c.asks(t, h, "tcp", testbed.HostAddr4, 8081, !c.cutOff)
	c.asks(t, h, "tcp", testbed.HostAddr6, 8081, !c.cutOff)
	c.asks(t, h, "tcp", testbed.HostAddr4, 8082, false)
	if c.local {
		for _, port := range []int{8080, 8082} {
			c.asks(t, h, "tcp", "127.0.0.1", port, true)
		}
		c.asks(t, h, "udp", "127.0.0.1", 8080, true)
	}
	c.asks(t, h, "tcp", testbed.HostAddr4, 80, false)
	c.asks(t, h, "tcp", web4, 80, c.inside)
}

func (c client) asks(t *testing.T, h *testbed.Host, network, host string, port int, answered bool) {
	t.Helper()
	if answered {
		if name, _, err := h.Ask(c.path, network, host, port); name != "web" {
			t.Errorf("%s: %s to %s port %d: %q, %v", c.name, network, host, port, name, err)
		}
	} else if !h.Silent(c.path, network, host, port) {
		t.Errorf("%s: %s to %s port %d answers", c.name, network, host, port)
	}
}

func TestTheSourceIsKeptFromTheLANAndRewrittenOnTheOwnBridge(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	db, dbResult := attach(t, h, n, "db")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
	expect(t, h, db.Netns, "tcp", testbed.HostAddr4, 8080, "web", "10.99.0.1")
	expect(t, h, db.Netns, "tcp", web4, 80, "web", "10.99.0.3")
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, result.Raw)
}

func TestPublishingAPortDoesNotOpenTheLoopbackOfTheHost(t *testing.T) {
	h, n := newDemo(t)
	h.Serve("", "tcp", 6000, "secret")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, "", "tcp", "127.0.0.1", 6000, "secret", "")
	sendLoopback(h, c.Netns, "10.99.0.1")
	sendLoopback(h, h.LAN, testbed.HostAddr4)
	h.Sysctl("net/ipv4/conf/all/route_localnet", "1")
	for name, path := range map[string]string{"a container": c.Netns, "the LAN": h.LAN} {
		for _, port := range []int{6000, 8080} {
			if !h.Silent(path, "tcp", "127.0.0.1", port) {
				t.Errorf("%s reaches port %d on the host's 127.0.0.1", name, port)
			}
		}
	}
	h.Sysctl("net/ipv4/conf/all/route_localnet", "0")
	n.Del(t, c, result.Raw)
}

// sendLoopback makes an attacker's namespace send packets for 127.0.0.0/8 to a gateway.
func sendLoopback(h *testbed.Host, path, gateway string) {
	h.RunIn(path, "ip", "addr", "flush", "dev", "lo")
	h.RunIn(path, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
	h.RunIn(path, "ip", "route", "add", "127.0.0.0/8", "via", gateway, "dev", "eth0")
}

func TestNatportServesAnotherMainPlugin(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n.Chain[0] = testbed.Config{"cniVersion": "1.0.0", "name": "demo", "type": "ptp", "ipam": testbed.Config{
		"type": "host-local", "dataDir": t.TempDir(), "subnet": "10.98.0.0/24", "routes": []any{testbed.Config{"dst": "0.0.0.0/0"}}}}
	n = n.With(1, "cniVersion", "1.0.0")
	h.Sysctl("net/ipv4/ip_forward", "1")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	h.Serve(h.LAN, "tcp", 7000, "lan")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	expect(t, h, "", "tcp", "127.0.0.1", 8080, "web", "")
	expect(t, h, c.Netns, "tcp", testbed.HostAddr4, 8080, "web", "")
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	n.Del(t, c, result.Raw)
	h.Sysctl("net/ipv4/ip_forward", "0")
	h.Same(t, before)
}
