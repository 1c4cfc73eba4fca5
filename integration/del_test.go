package integration

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// situation is an odd state of the world or of the call in which DEL finds an attachment.
type situation struct {
	name string
	// make changes the world, and returns how the runtime calls DEL.
	make func(t *testing.T, h *testbed.Host, n testbed.Network, c testbed.Container, previous json.RawMessage) (testbed.Network, testbed.Container, json.RawMessage)
}

func situations() []situation {
	type (
		net = testbed.Network
		ctr = testbed.Container
		raw = json.RawMessage
	)
	unchanged := func(change func(t *testing.T, h *testbed.Host, c ctr)) func(*testing.T, *testbed.Host, net, ctr, raw) (net, ctr, raw) {
		return func(t *testing.T, h *testbed.Host, n net, c ctr, previous raw) (net, ctr, raw) {
			change(t, h, c)
			return n, c, previous
		}
	}
	call := func(change func(t *testing.T, n *net, c *ctr, previous *raw)) func(*testing.T, *testbed.Host, net, ctr, raw) (net, ctr, raw) {
		return func(t *testing.T, _ *testbed.Host, n net, c ctr, previous raw) (net, ctr, raw) {
			change(t, &n, &c, &previous)
			return n, c, previous
		}
	}
	return []situation{
		{"normal", unchanged(func(*testing.T, *testbed.Host, ctr) {})},
		{"netns gone", unchanged(func(_ *testing.T, h *testbed.Host, c ctr) { h.Forget(c.Netns) })},
		{"netns path is another file", unchanged(func(t *testing.T, h *testbed.Host, c ctr) {
			h.Forget(c.Netns)
			if err := os.WriteFile(c.Netns, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		})},
		{"interface deleted", unchanged(func(_ *testing.T, h *testbed.Host, c ctr) { h.RunIn(c.Netns, "ip", "link", "del", "eth0") })},
		{"interface renamed", unchanged(func(_ *testing.T, h *testbed.Host, c ctr) {
			h.RunIn(c.Netns, "ip", "link", "set", "eth0", "down")
			h.RunIn(c.Netns, "ip", "link", "set", "eth0", "name", "hidden")
		})},
		{"interface moved to another namespace", unchanged(func(_ *testing.T, h *testbed.Host, c ctr) {
			h.RunIn(c.Netns, "ip", "link", "set", "eth0", "netns", h.NewContainer(), "name", "moved")
		})},
		{"host link renamed, netns path gone, namespace alive", unchanged(func(t *testing.T, h *testbed.Host, c ctr) {
			h.Run("sh", "-c", "link=$(ip -br link show master demo0 | cut -d@ -f1); ip link set $link down; ip link set $link name hidden0")
			holdNamespace(t, c.Netns)
			h.Forget(c.Netns)
		})},
		{"link has another alias", unchanged(func(_ *testing.T, h *testbed.Host, c ctr) {
			h.Run("sh", "-c", "ip link set $(ip -br link show master demo0 | cut -d@ -f1) alias theirs")
		})},
		{"state lost", unchanged(func(t *testing.T, h *testbed.Host, _ ctr) {
			if err := os.RemoveAll(h.StateDir); err != nil {
				t.Fatal(err)
			}
		})},
		{"rules flushed", unchanged(func(_ *testing.T, h *testbed.Host, _ ctr) { h.Run("nft", "flush", "ruleset") })},
		{"empty netns", call(func(_ *testing.T, _ *net, c *ctr, _ *raw) { c.Netns = "" })},
		{"no prevResult", call(func(_ *testing.T, _ *net, _ *ctr, previous *raw) { *previous = nil })},
		{"corrupt prevResult", call(func(_ *testing.T, _ *net, _ *ctr, previous *raw) { *previous = raw(`"garbage"`) })},
		{"no portMappings", call(func(_ *testing.T, _ *net, c *ctr, _ *raw) { c.Ports = nil })},
		{"other portMappings", call(func(_ *testing.T, _ *net, c *ctr, _ *raw) { c.Ports = []testbed.Port{{HostPort: 0}} })},
		{"other subnet", call(func(_ *testing.T, n *net, _ *ctr, _ *raw) {
			*n = n.With(0, "ipam", testbed.Config{"subnet": "10.1.0.0/24"})
		})},
	}
}

// holdNamespace keeps a namespace alive, as a process in it does, until the test ends.
func holdNamespace(t *testing.T, path string) {
	t.Helper()
	held, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
}

func TestDelLeavesNothingInAnySituation(t *testing.T) {
	for _, made := range []struct{ masquerader, backend string }{
		{"natport", "nftables"}, {"vethbridge", "nftables"}, {"natport", "iptables-nft"}, {"vethbridge", "iptables-legacy"},
	} {
		for _, s := range situations() {
			t.Run(made.masquerader+" masquerades by "+made.backend+", "+s.name, func(t *testing.T) {
				h, n := newDemo(t)
				n = by(t, n, made.backend)
				if s.name != "rules flushed" { // which flushes what iptables keeps, too
					warmUp(h, made.backend)
				}
				if made.masquerader == "vethbridge" {
					n = n.With(1, "ipMasq", false).With(0, "ipMasq", true)
				}
				if s.name == "state lost" {
					// How the host's forwarding was before is lost with the state.
					h.Sysctl("net/ipv4/ip_forward", "1")
					h.Sysctl("net/ipv6/conf/all/forwarding", "1")
				}
				before := h.Snapshot()
				c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
				delNet, delContainer, previous := s.make(t, h, n, c, result.Raw)
				delNet.Del(t, delContainer, previous)
				if s.name != "state lost" {
					h.Same(t, before)
				}
				delNet.Del(t, delContainer, previous) // a runtime calls it twice
				h.Same(t, before)
			})
		}
	}
}

func TestDelBeforeAddIsNoError(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n.Del(t, testbed.Container{ID: "web", Netns: h.NewContainer()}, nil)
	h.Same(t, before)
}

func TestDelOfOneContainerLeavesTheOthersAlone(t *testing.T) {
	h, n := newDemo(t)
	web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	alone := h.Snapshot()
	db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
	n.Del(t, db, dbResult.Raw)
	h.Same(t, alone)
	if a := n.Check(t, web, webResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the other: %s", a.Stdout)
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	n.Del(t, web, webResult.Raw)
}

// TestDelWithTheNamespaceOfAnotherContainerSparesIt: a netns path may be used again while
// a late DEL of its former owner is on its way.
func TestDelWithTheNamespaceOfAnotherContainerSparesIt(t *testing.T) {
	h, n := newDemo(t)
	old, oldResult := attach(t, h, n, "old")
	n.Del(t, old, oldResult.Raw)
	next := testbed.Container{ID: "new", Netns: old.Netns}
	result := n.Add(t, next)
	n.Del(t, old, oldResult.Raw)
	if a := n.Check(t, next, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the new one: %s", a.Stdout)
	}
	n.Del(t, next, result.Raw)
}

// TestDelGoesByTheHostsLinkAndNotByThePathOfTheNamespace: the path of the dead container's namespace
// leads to another one already, which has its own eth0, when the first DEL comes.
func TestDelGoesByTheHostsLinkAndNotByThePathOfTheNamespace(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	old, oldResult := attach(t, h, n, "old")
	h.StopServing()
	second := h.NewContainer()
	h.Run("umount", old.Netns)
	h.Run("mount", "--bind", second, old.Netns)
	next := testbed.Container{ID: "new", Netns: old.Netns}
	result := n.Add(t, next)
	n.Del(t, old, oldResult.Raw)
	if a := n.Check(t, next, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the new one: %s", a.Stdout)
	}
	n.Del(t, next, result.Raw)
	h.Same(t, before)
}

// TestDelSparesAnInterfaceThatTheContainerMadeInPlaceOfOurs is about one that has renamed its eth0.
func TestDelSparesAnInterfaceThatTheContainerMadeInPlaceOfOurs(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	c, result := attach(t, h, n, "web")
	for _, words := range []string{"set eth0 down", "set eth0 name hidden", "add eth0 type veth peer name own"} {
		h.RunIn(c.Netns, "ip", append([]string{"link"}, strings.Fields(words)...)...)
	}
	n.Del(t, c, result.Raw)
	if links := h.RunIn(c.Netns, "ip", "-br", "link"); !strings.Contains(links, "eth0@own") || strings.Contains(links, "hidden") {
		t.Errorf("the container has\n%s", links)
	}
	h.Same(t, before)
}
