package integration

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// collect calls GC down the chain with a list of valid containers; nil is no list at all.
func collect(t *testing.T, n testbed.Network, valid []any) testbed.Answer {
	t.Helper()
	var last testbed.Answer
	for _, conf := range n.Chain {
		if valid != nil {
			conf = conf.With("cni.dev/valid-attachments", valid)
		}
		last = n.Plugins.Do(t, testbed.Call{Plugin: conf["type"].(string), Command: "GC", Config: conf.JSON()})
	}
	return last
}

func TestGCReleasesWhatIsNotValidAndNothingElse(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	alone := h.Snapshot()
	attach(t, h, n, "lost", testbed.Port{HostPort: 8081, ContainerPort: 80})
	if a := collect(t, n, []any{testbed.Config{"containerID": "web", "ifname": "eth0"}}); a.Exit != 0 {
		t.Fatalf("GC: %s", a.Stdout)
	}
	h.Same(t, alone)
	if a := n.Check(t, web, webResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the valid one: %s", a.Stdout)
	}
	if a := collect(t, n, []any{}); a.Exit != 0 {
		t.Fatalf("GC with an empty list: %s", a.Stdout)
	}
	h.Same(t, before)
}

func TestGCWithoutAListIsAnErrorAndTouchesNothing(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	before := h.Snapshot()
	if e, ok := collect(t, n, nil).Error(); !ok || e.Code != 7 {
		t.Errorf("GC without a list: %+v", e)
	}
	h.Same(t, before)
	n.Del(t, c, result.Raw)
}

func TestGCOfOneNetworkLeavesAnotherAlone(t *testing.T) {
	h, n := newDemo(t)
	other := n.With(0, "name", "other").With(1, "name", "other").With(0, "bridge", "other0").
		With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.98.0.0/24"}}}})
	c, result := attach(t, h, other, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	before := h.Snapshot()
	attach(t, h, n, "web", testbed.Port{HostPort: 8081, ContainerPort: 80})
	if a := collect(t, n, []any{}); a.Exit != 0 {
		t.Fatalf("GC: %s", a.Stdout)
	}
	h.Same(t, before)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	other.Del(t, c, result.Raw)
}

// TestGCTakesTheListByEitherKeyAndNullForEmpty: CRI-O sends both keys, null when nothing
// runs; the key of the first draft of spec 1.1 is still sent alone by some.
func TestGCTakesTheListByEitherKeyAndNullForEmpty(t *testing.T) {
	for name, list := range map[string]testbed.Config{
		"null by both keys": {"cni.dev/valid-attachments": json.RawMessage("null"), "cni.dev/attachments": json.RawMessage("null")},
		"the old key alone": {"cni.dev/attachments": []any{}},
	} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			before := h.Snapshot()
			attach(t, h, n, "lost", testbed.Port{HostPort: 8080, ContainerPort: 80})
			for _, conf := range n.Chain {
				for key, value := range list {
					conf = conf.With(key, value)
				}
				if a := n.Plugins.Do(t, testbed.Call{Plugin: conf["type"].(string), Command: "GC", Config: conf.JSON()}); a.Exit != 0 {
					t.Errorf("GC of %s: %s", conf["type"], a.Stdout)
				}
			}
			h.Same(t, before)
		})
	}
}

// TestGCRemovesWhatNobodyHasARecordOf: the state file is lost, and the container too. The marks on
// links and rules say whose they were, and what no mark tells goes with the last of them.
func TestGCRemovesWhatNobodyHasARecordOf(t *testing.T) {
	for name, lose := range map[string]func(h *testbed.Host, link string){
		"link is left":                func(*testbed.Host, string) {},
		"elements are left":           func(h *testbed.Host, link string) { h.Run("ip", "link", "del", link) },
		"what has no mark is left":    func(h *testbed.Host, link string) { h.Run("ip", "link", "del", link); dropMarked(h, link) },
		"link is left, without guard": func(h *testbed.Host, _ string) { h.Run("nft", "delete", "table", "bridge", "vethbridge") },
	} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			h.Sysctl("net/ipv4/ip_forward", "1") // how it was is lost with the state
			h.Sysctl("net/ipv6/conf/all/forwarding", "1")
			before := h.Snapshot()
			_, result := attach(t, h, n.With(0, "ipMasq", true), "web")
			if err := os.RemoveAll(h.StateDir); err != nil {
				t.Fatal(err)
			}
			lose(h, result.Interfaces[1].Name)
			for range 2 {
				if a := collect(t, n, []any{}); a.Exit != 0 {
					t.Fatalf("GC: %s", a.Stdout)
				}
				h.Same(t, before)
			}
		})
	}
}

// TestGCSparesAPortThatItCantTellTheOwnerOf: the state file is lost, and the mark of a long name is a hash.
func TestGCSparesAPortThatItCantTellTheOwnerOf(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, strings.Repeat("web", 40), testbed.Port{HostPort: 8080, ContainerPort: 80})
	if err := os.RemoveAll(h.StateDir); err != nil {
		t.Fatal(err)
	}
	rules := h.Run("nft", "--stateless", "list", "ruleset")
	if a := collect(t, n, []any{}); a.Exit != 0 {
		t.Fatalf("GC: %s", a.Stdout)
	}
	if now := h.Run("nft", "--stateless", "list", "ruleset"); now != rules {
		t.Errorf("GC changes the rules to\n%s", now)
	}
	n.Del(t, web, result.Raw)
}

// dropMarked takes away all elements that name their owner.
func dropMarked(h *testbed.Host, link string) {
	h.Run("nft", "delete element bridge vethbridge macs { "+link+" . 0a:58:0a:63:00:02 }")
	h.Run("nft", "delete element bridge vethbridge senders4 { "+link+" . 0a:58:0a:63:00:02 . 10.99.0.2 }")
	h.Run("nft", "flush set bridge vethbridge senders6")
}
