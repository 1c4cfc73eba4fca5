package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestAMACAddressBelongsToOneAttachmentOnABridge: two of one address would take each other's
// frames, and one of the bridge's would take those for the host.
func TestAMACAddressBelongsToOneAttachmentOnABridge(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web := testbed.Container{ID: "web", Netns: h.NewContainer(), Args: "IgnoreUnknown=1;MAC=02:00:00:00:00:07"}
	result := n.Add(t, web)
	with := h.Snapshot()
	bridge := strings.Fields(h.Run("sh", "-c", "ip -o link show demo0 | grep -o 'ether [0-9a-f:]*'"))[1]
	for _, taken := range []string{"02:00:00:00:00:07", bridge} {
		c := testbed.Container{ID: "db", Netns: h.NewContainer(), Args: "IgnoreUnknown=1;MAC=" + taken}
		answer, _ := n.TryAdd(t, c)
		if e, ok := answer.Error(); !ok || e.Code != 100 || !strings.Contains(e.Message, taken) {
			t.Errorf("%s: %s", taken, answer.Stdout)
		}
		h.Same(t, with)
	}
	// On another bridge it is no matter.
	other := otherNetwork(n)
	c := testbed.Container{ID: "other", Netns: h.NewContainer(), Args: web.Args}
	other.Del(t, c, other.Add(t, c).Raw)
	// The dead hold nothing.
	h.RunIn(web.Netns, "ip", "link", "del", "eth0")
	h.Forget(web.Netns)
	heir := testbed.Container{ID: "heir", Netns: h.NewContainer(), Args: web.Args}
	n.Del(t, heir, n.Add(t, heir).Raw)
	n.Del(t, web, result.Raw)
	h.Same(t, before)
}
