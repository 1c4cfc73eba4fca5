package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

func TestVLANsThatAreNoneAreRefused(t *testing.T) {
	h, n := newDemo(t)
	n.Chain = n.Chain[:1]
	trunk := func(entries ...any) testbed.Network { return n.With(0, "vlanTrunk", entries) }
	for _, r := range []struct {
		n    testbed.Network
		code int
		word string
	}{
		{n.With(0, "vlan", -1), 7, `vlan "-1"`},
		{n.With(0, "vlan", 4095), 7, `vlan "4095"`},
		{n.With(0, "vlan", 100).With(0, "bridge", "bridge123456"), 7, "too long"},
		{trunk(testbed.Config{"id": 0}), 7, "vlanTrunk[0].id"},
		{trunk(testbed.Config{"id": 5}, testbed.Config{"minID": 5000, "maxID": 5001}), 7, "vlanTrunk[1].m"},
		{trunk(testbed.Config{"minID": 10}), 7, "vlanTrunk[0]"},
		{trunk(testbed.Config{"minID": 10, "maxID": 9}), 7, "vlanTrunk[0].maxID"},
		{trunk(testbed.Config{}), 7, "vlanTrunk[0]"},
		{n.With(0, "vlanTrunk", "all"), 6, `key "vlanTrunk" must be a list, not string`},
		{trunk(testbed.Config{"id": "5"}), 6, `key "vlanTrunk.id" must be a whole number, not string`},
	} {
		refused(t, h, r.n, testbed.Container{ID: "web", Netns: h.NewContainer()}, r.code, r.word)
	}
}

func TestVLANOnAForeignBridgeWithoutFilteringIsRefused(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "link", "add", "demo0", "type", "bridge")
	refused(t, h, n.With(0, "vlan", 100), testbed.Container{ID: "web", Netns: h.NewContainer()}, 105,
		"bridge demo0 has VLAN filtering off", "vlan_filtering 1")
}

// TestVLANIsFilteredOrRefusedByTheNameOfWhatTheKernelLacks passes on every kernel, and on
// none lets a port of a VLAN be open to others.
func TestVLANIsFilteredOrRefusedByTheNameOfWhatTheKernelLacks(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n.Chain = n.Chain[:1]
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	answer, _ := n.With(0, "vlan", 100).TryAdd(t, c)
	if answer.Exit == 0 {
		if bridge := h.Run("ip", "-d", "link", "show", "dev", "demo0"); !strings.Contains(bridge, "vlan_filtering 1") {
			t.Errorf("ADD succeeded without filtering: %s", bridge)
		}
	} else if e, _ := answer.Error(); e.Code != 2 || !strings.Contains(e.Message, "CONFIG_") {
		t.Errorf("ADD: %s", answer.Stdout)
	}
	n.Del(t, c, nil)
	h.Same(t, before)
}

// TestATrunkOfNullIsNone: a generator writes null for a key that is not set.
func TestATrunkOfNullIsNone(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "vlanTrunk", json.RawMessage("null"))
	web, result := attach(t, h, n, "web")
	if bridge := h.Run("ip", "-d", "link", "show", "dev", "demo0"); strings.Contains(bridge, "vlan_filtering 1") {
		t.Errorf("the bridge separates VLANs: %s", bridge)
	}
	n.Del(t, web, result.Raw)
}
