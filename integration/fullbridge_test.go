package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// fillBridge makes the ports with these numbers, the two ends of one pair being two of them.
func fillBridge(t *testing.T, h *testbed.Host, bridge string, from, to int) {
	t.Helper()
	var batch strings.Builder
	for i := from; i < to; i += 2 {
		fmt.Fprintf(&batch, "link add p%d master %s type veth peer name p%d\n", i, bridge, i+1)
		if i+1 < to {
			fmt.Fprintf(&batch, "link set p%d master %s\n", i+1, bridge)
		}
	}
	path := filepath.Join(t.TempDir(), "batch")
	if err := os.WriteFile(path, []byte(batch.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h.Run("ip", "-batch", path)
}

func TestAFullBridgeIsNamedAndStatusWarnsBefore(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "link", "add", "demo0", "type", "bridge")
	status := func() testbed.Answer {
		return n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: n.Chain[0].JSON()})
	}
	fillBridge(t, h, "demo0", 0, 972)
	if a := status(); a.Exit != 0 || strings.Contains(a.Stderr, "nearly full") {
		t.Errorf("STATUS with 972 ports: %s%s", a.Stdout, a.Stderr)
	}
	fillBridge(t, h, "demo0", 972, 1000)
	if a := status(); a.Exit != 0 || !strings.Contains(a.Stderr, "nearly full") {
		t.Errorf("STATUS with 1000 ports: %s%s", a.Stdout, a.Stderr)
	}
	fillBridge(t, h, "demo0", 1000, 1023)
	if e, _ := status().Error(); e.Code != 50 || !strings.Contains(e.Message, "bridge demo0 is full: it has 1023 ports") {
		t.Errorf("STATUS with 1023 ports: %+v", e)
	}
	before := h.Run("ip", "-br", "link")
	c := testbed.Container{ID: "late", Netns: h.NewContainer()}
	for range 2 {
		answer, _ := n.TryAdd(t, c)
		if e, _ := answer.Error(); e.Code != 11 || !strings.Contains(e.Message, "bridge demo0 is full") {
			t.Errorf("ADD to a full bridge: %s", answer.Stdout)
		}
	}
	n.Del(t, c, nil)
	if after := h.Run("ip", "-br", "link"); strings.Count(after, "\n") != strings.Count(before, "\n") {
		t.Errorf("links before:\n%s\nafter:\n%s", before, after)
	}
}
