package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// breakage is one way in which an attachment can be broken, and a word of the error by
// which CHECK names it.
type breakage struct {
	name, word string
	make       func(h *testbed.Host, c testbed.Container, hostLink string)
}

func breakages() []breakage {
	host := func(args ...string) func(*testbed.Host, testbed.Container, string) {
		return func(h *testbed.Host, _ testbed.Container, link string) {
			for i, a := range args {
				args[i] = strings.ReplaceAll(a, "LINK", link)
			}
			h.Run(args[0], args[1:]...)
		}
	}
	inside := func(args ...string) func(*testbed.Host, testbed.Container, string) {
		return func(h *testbed.Host, c testbed.Container, _ string) { h.RunIn(c.Netns, args[0], args[1:]...) }
	}
	return []breakage{
		{"ruleset flushed", "table", host("nft", "flush", "ruleset")},
		{"one mapping deleted", "mapping tcp 0.0.0.0:8080 -> 10.99.0.2:80 is missing",
			host("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080 }")},
		{"masquerade deleted", "masquerade 10.99.0.0/24 is missing", host("nft", "delete", "element", "inet", "vethbridge", "masquerade4", "{ 10.99.0.0/24 }")},
		{"guard flushed", "guard", host("nft", "flush", "chain", "inet", "vethbridge", "guard")},
		{"spoof guard gone", "table bridge vethbridge is missing", host("nft", "delete", "table", "bridge", "vethbridge")},
		{"spoof guard flushed", `rule "from another MAC address"`, host("nft", "flush", "chain", "bridge", "vethbridge", "prerouting")},
		{"one address of the guard gone", "10.99.0.2 is missing", host("nft", "delete", "element", "bridge", "vethbridge", "senders4", "{ LINK . 0a:58:0a:63:00:02 . 10.99.0.2 }")},
		{"port out of the guarded group", "device group 0", host("ip", "link", "set", "LINK", "group", "0")},
		{"wall gone", "closed demo0 is missing", host("nft", "delete", "element", "inet", "vethbridge-walls", "closed", "{ demo0 }")},
		{"host link down", "is down", host("ip", "link", "set", "LINK", "down")},
		{"host link out of the bridge", "not a port of bridge demo0", host("ip", "link", "set", "LINK", "nomaster")},
		{"host link deleted", "missing", host("ip", "link", "del", "LINK")},
		{"bridge down", "bridge demo0 is down", host("ip", "link", "set", "demo0", "down")},
		{"gateway address gone", "10.99.0.1/24", host("ip", "addr", "del", "10.99.0.1/24", "dev", "demo0")},
		{"IPv6 gateway address gone", "fd99::1/64", host("ip", "addr", "del", "fd99::1/64", "dev", "demo0")},
		{"forwarding off", "ip_forward", host("sysctl", "-qw", "net.ipv4.ip_forward=0")},
		{"localhost off", "route_localnet", host("sysctl", "-qw", "net.ipv4.conf.demo0.route_localnet=0")},
		{"address gone in the container", "10.99.0.2/24", inside("ip", "addr", "del", "10.99.0.2/24", "dev", "eth0")},
		{"default route gone in the container", "0.0.0.0/0 via 10.99.0.1", inside("ip", "route", "del", "default")},
		{"container link down", "eth0 in the container", inside("ip", "link", "set", "eth0", "down")},
		{"container link gone", "missing", inside("ip", "link", "del", "eth0")},
		{"container MTU changed", "MTU", inside("ip", "link", "set", "eth0", "mtu", "1400")},
		{"container MAC changed", "MAC", inside("ip", "link", "set", "eth0", "address", "02:00:00:00:00:09")},
	}
}

func TestCheckNamesWhatIsBroken(t *testing.T) {
	for _, b := range breakages() {
		t.Run(b.name, func(t *testing.T) {
			h, n := newDemo(t)
			n = n.With(0, "mtu", 1500)
			before := h.Snapshot()
			c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Fatalf("right after ADD: %s", a.Stdout)
			}
			b.make(h, c, result.Interfaces[1].Name)
			e, ok := n.Check(t, c, result.Raw).Error()
			if !ok || e.Code != 104 || !strings.Contains(e.Message, b.word) {
				t.Errorf("CHECK: %+v; want code 104 and the words %q", e, b.word)
			}
			n.Del(t, c, result.Raw)
			h.Same(t, before)
		})
	}
}

func TestCheckPassesAfterOthersCameAndWentAndAfterAnotherPluginAddedARoute(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
	n.Del(t, db, dbResult.Raw)
	h.RunIn(c.Netns, "ip", "route", "add", "192.0.2.0/24", "via", "10.99.0.1")
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
}

func TestTheNextAddRestoresWhatAFlushTookFromAll(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	h.Run("nft", "flush", "ruleset")
	if !h.Silent(h.LAN, "tcp", testbed.HostAddr4, 8080) {
		t.Error("the port answers without any rule")
	}
	db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "db", "")
	if a := n.Check(t, web, webResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the first: %s", a.Stdout)
	}
	n.Del(t, web, webResult.Raw)
	n.Del(t, db, dbResult.Raw)
	h.Same(t, before)
}
