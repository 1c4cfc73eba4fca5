package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// rareInputs are bad inputs that few make.
func rareInputs(n testbed.Network, c testbed.Container) []badInput {
	bridge, ports := n.Chain[0], n.Chain[1]
	call := func(conf testbed.Config) testbed.Call {
		return testbed.Call{Plugin: conf["type"].(string), Container: c.ID, Netns: c.Netns, Config: conf.JSON()}
	}
	key := func(key string, value any) testbed.Call { return call(bridge.With(key, value)) }
	published := func(address, hostIP string) testbed.Config {
		return ports.With("prevResult", testbed.Config{"cniVersion": "1.1.0", "ips": []any{testbed.Config{"address": address}}}).
			With("runtimeConfig", testbed.Config{"portMappings": []any{testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: hostIP}}})
	}
	long, nameless := call(bridge), call(bridge)
	long.Config += strings.Repeat(" ", 1<<20)
	nameless.Args = "IP"
	return []badInput{
		{"config of more than a mebibyte", 5, "longer than 1 MiB", long},
		{"arguments without a value", 4, "CNI_ARGS", nameless},
		{"IPAM plugin that is a path", 7, "ipam.type", key("ipam", testbed.Config{"type": "../host-local"})},
		{"hairpin mode of a promiscuous bridge", 7, "promiscMode", call(bridge.With("hairpinMode", true).With("promiscMode", true))},
		{"MAC address of InfiniBand", 7, "runtimeConfig.mac", key("runtimeConfig", testbed.Config{"mac": "00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01"})},
		{"requested address that is a name", 7, "runtimeConfig.ips", key("runtimeConfig", testbed.Config{"ips": []any{"web.example"}})},
		{"container at the host's loopback", 7, "127.0.0.1/8", call(published("127.0.0.1/8", ""))},
		{"container at a group's address", 7, "224.0.0.5/24", call(published("224.0.0.5/24", ""))},
		{"strict host address of nobody's", 7, "192.0.2.77", call(published("10.99.0.2/24", "192.0.2.77").With("strictHostIP", true))},
	}
}

func TestCheckWithoutAPreviousResultIsRefused(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	for _, conf := range n.Chain {
		a := n.Plugins.Do(t, testbed.Call{Plugin: conf["type"].(string), Command: "CHECK", Container: web.ID, Netns: web.Netns, Config: conf.JSON()})
		if e, ok := a.Error(); !ok || e.Code != 7 || !strings.Contains(e.Message, "prevResult") {
			t.Errorf("CHECK of %s: %s", conf["type"], a.Stdout)
		}
	}
	n.Del(t, web, result.Raw)
}

// TestALogThatCantBeOpenedKeepsNoContainerFromItsNetwork: it is a warning, where runtimes look.
func TestALogThatCantBeOpenedKeepsNoContainerFromItsNetwork(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "logFile", filepath.Join(t.TempDir(), "missing", "log")).With(0, "logLevel", "loud")
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	a := n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "ADD", Container: c.ID, Netns: c.Netns, Config: n.Chain[0].JSON()})
	if a.Exit != 0 || !strings.Contains(a.Stderr, "open log file") || !strings.Contains(a.Stderr, "unknown logLevel, using info") {
		t.Errorf("ADD: exit %d, %s%s", a.Exit, a.Stdout, a.Stderr)
	}
	n.Del(t, c, nil)
}

// TestABridgeHasOneZoneOfFirewalld, also while that does not run.
func TestABridgeHasOneZoneOfFirewalld(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web, result := attach(t, h, n.With(0, "firewalldZone", "trusted"), "web")
	second := testbed.Container{ID: "second", Netns: h.NewContainer()}
	refused(t, h, n.With(0, "firewalldZone", "public"), second, 7, "demo0", "zone trusted", "a bridge of its own")
	n.Del(t, web, result.Raw)
	n = n.With(0, "firewalldZone", "public")
	n.Del(t, second, n.Add(t, second).Raw)
	h.Same(t, before)
}

// TestANetworkLeavesWithOneAddress: two on the same subnet can't have two.
func TestANetworkLeavesWithOneAddress(t *testing.T) {
	h, n := newDemo(t)
	ipam := testbed.Config{"subnet": "10.99.0.0/24", "allowOverlap": true}
	n.Chain = n.Chain[:1]
	n = n.With(0, "ipam", ipam).With(0, "ipMasq", true).With(0, "snatTo", []any{testbed.HostAddr4})
	h.Run("ip", "addr", "add", "198.51.100.77/24", "dev", "uplink")
	web, result := attach(t, h, n, "web")
	other := n.With(0, "name", "other").With(0, "bridge", "other0").With(0, "snatTo", []any{"198.51.100.77"})
	refused(t, h, other, testbed.Container{ID: "second", Netns: h.NewContainer()}, 7, "demo/web/eth0", testbed.HostAddr4, "198.51.100.77")
	n.Del(t, web, result.Raw)
}
