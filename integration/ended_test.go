package integration

import (
	"fmt"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// talking attaches a container with a port of UDP and has a client of the LAN talk to it.
func talking(t *testing.T, h *testbed.Host, n testbed.Network, id string) testbed.Container {
	t.Helper()
	c, _ := attach(t, h, n, id, testbed.Port{HostPort: 5300, ContainerPort: 80, Protocol: "udp"})
	keeps(t, h, 5300, id)
	return c
}

// nothingTracked wants no connection of the port to be left.
func nothingTracked(t *testing.T, h *testbed.Host) {
	t.Helper()
	if tracked := h.Run("conntrack", "-L"); strings.Contains(tracked, "dport=5300") {
		t.Errorf("tracked afterwards:\n%s", tracked)
	}
}

// TestConnectionsOfAPortEndInWhateverOrderDelComes leaves the search to the plugin that comes last: each
// walks through the kernel's whole table.
func TestConnectionsOfAPortEndInWhateverOrderDelComes(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	for _, order := range [][]int{{1, 0}, {0, 1}, {0}, {1, 1, 0}} {
		c := talking(t, h, n, "web")
		for _, plugin := range order {
			if a := n.TryDel(t, c, plugin); a.Exit != 0 {
				t.Fatalf("DEL: %s", a.Stdout)
			}
		}
		nothingTracked(t, h)
		h.StopServing()
		n.Del(t, c, nil)
		h.Same(t, before)
	}
}

// TestTheNextHolderOfAPortGetsItsClientsWhereOnlyNatportsDelCame is about a container that goes on living.
func TestTheNextHolderOfAPortGetsItsClientsWhereOnlyNatportsDelCame(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	first := talking(t, h, n, "first")
	if a := n.TryDel(t, first, 1); a.Exit != 0 {
		t.Fatalf("DEL: %s", a.Stdout)
	}
	second := talking(t, h, n, "second")
	h.StopServing()
	n.Del(t, first, nil)
	n.Del(t, second, nil)
	nothingTracked(t, h)
	h.Same(t, before)
}

// foreign is a container that another main plugin has attached, by hand.
func foreign(t *testing.T, h *testbed.Host) (path string, result testbed.Config) {
	t.Helper()
	path = h.NewContainer()
	h.Run("ip", "link", "add", "foreign0", "type", "veth", "peer", "name", "eth0", "netns", path)
	h.Run("ip", "addr", "add", "10.97.0.1/24", "dev", "foreign0")
	h.Run("ip", "link", "set", "foreign0", "up")
	h.RunIn(path, "ip", "addr", "add", "10.97.0.2/24", "dev", "eth0")
	h.RunIn(path, "ip", "link", "set", "eth0", "up")
	h.RunIn(path, "ip", "route", "add", "default", "via", "10.97.0.1")
	h.Sysctl("net/ipv4/ip_forward", "1")
	return path, testbed.Config{
		"cniVersion": "1.0.0", "interfaces": []any{testbed.Config{"name": "eth0", "sandbox": path}},
		"ips": []any{testbed.Config{"address": "10.97.0.2/24", "gateway": "10.97.0.1", "interface": 0}},
	}
}

// TestConnectionsOfAPortEndWithNatportAloneAfterAnyKill is about main plugins that are not ours: nobody
// comes after natport. It is killed before every system call that changes anything, and called again.
func TestConnectionsOfAPortEndWithNatportAloneAfterAnyKill(t *testing.T) {
	h, n := newDemo(t)
	path, result := foreign(t, h)
	h.Serve(path, "udp", 80, "foreign")
	conf := n.Chain[1].With("prevResult", result).With("runtimeConfig", testbed.Config{
		"portMappings": []testbed.Port{{HostPort: 5300, ContainerPort: 80, Protocol: "udp"}}})
	killed := func(command string, wrap ...string) bool {
		a := n.Plugins.Do(t, testbed.Call{Plugin: "natport", Command: command, Container: "foreign", Netns: path, Config: conf.JSON(), Wrap: wrap})
		if a.Exit != 0 && len(wrap) == 0 {
			t.Fatalf("%s: %s", command, a.Stdout)
		}
		return a.Exit != 0
	}
	kills := 0
	for _, call := range changing {
		for i := 1; ; i++ {
			killed("ADD")
			keeps(t, h, 5300, "foreign")
			if !killed("DEL", "strace", "-f", "-qq", "-o", "/dev/null", "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, i)) {
				break
			}
			kills++
			killed("DEL")
			if nothingTracked(t, h); t.Failed() {
				t.Fatalf("killed at %s number %d", call, i)
			}
		}
		nothingTracked(t, h)
	}
	if kills < 10 {
		t.Errorf("killed at %d system calls only", kills)
	}
}
