package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// gatewaysOf lists the IPv4 addresses of the demo bridge.
func gatewaysOf(h *testbed.Host) string {
	return strings.Join(strings.Fields(h.Run("ip", "-4", "-br", "addr", "show", "dev", "demo0"))[2:], " ")
}

func TestAChangedSubnetReaddressesABridgeThatNobodyUses(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "removeBridge", nil)
	old, oldResult := attach(t, h, subnet(n, testbed.Config{"subnet": "10.99.0.0/24"}), "old")
	n.Del(t, old, oldResult.Raw)
	h.Run("ip", "addr", "add", "192.0.2.1/24", "dev", "demo0")
	c, result := attach(t, h, subnet(n, testbed.Config{"subnet": "10.98.0.0/24"}), "new")
	if got := gatewaysOf(h); got != "192.0.2.1/24 10.98.0.1/24" {
		t.Errorf("the bridge has %s, want the new gateway and what is not ours", got)
	}
	expect(t, h, "", "tcp", "10.98.0.2", 80, "new", "10.98.0.1")
	n.Del(t, c, result.Raw)
}

func TestAChangedSubnetIsRefusedWhileTheOldOneIsUsed(t *testing.T) {
	h, n := newDemo(t)
	n.Chain = n.Chain[:1]
	old, oldResult := attach(t, h, subnet(n, testbed.Config{"subnet": "10.99.0.0/24"}), "old")
	changed := subnet(n, testbed.Config{"subnet": "10.98.0.0/24"})
	refused(t, h, changed, testbed.Container{ID: "new", Netns: h.NewContainer()}, 105,
		"bridge demo0 has gateway 10.99.0.1/24 of a former subnet, which demo/old/eth0 uses", "forceAddress")
	expect(t, h, "", "tcp", "10.99.0.2", 80, "old", "10.99.0.1")
	forced, forcedResult := attach(t, h, changed.With(0, "forceAddress", true), "forced")
	if got := gatewaysOf(h); got != "10.98.0.1/24" {
		t.Errorf("the bridge has %s, want the forced gateway alone", got)
	}
	n.Del(t, forced, forcedResult.Raw)
	n.Del(t, old, oldResult.Raw)
}

func TestSeveralSubnetsOfOneBridgeStayBesideEachOther(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	ranges := []any{[]any{testbed.Config{"subnet": "10.99.0.0/30"}, testbed.Config{"subnet": "10.98.0.0/30"}}}
	n = n.With(0, "ipam", testbed.Config{"ranges": ranges})
	other := subnet(n, testbed.Config{"subnet": "10.97.0.0/24"}).With(0, "name", "other").With(1, "name", "other")
	var all []testbed.Container
	for _, id := range []string{"first", "second"} {
		c, _ := attach(t, h, n, id)
		all = append(all, c)
	}
	third, result := attach(t, h, other, "third")
	if got := gatewaysOf(h); got != "10.99.0.1/30 10.98.0.1/30 10.97.0.1/24" {
		t.Errorf("the bridge has %s", got)
	}
	other.Del(t, third, result.Raw)
	for _, c := range all {
		n.Del(t, c, nil)
	}
	h.Same(t, before)
}
