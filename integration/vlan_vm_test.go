//go:build vm

package integration

import (
	"fmt"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// These tests need a kernel with VLAN filtering of bridges: "make test-vm".

// vlanNetwork is a network of its own in a VLAN of the demo bridge.
func vlanNetwork(n testbed.Network, vlan int) testbed.Network {
	n.Chain = n.Chain[:1]
	subnet := fmt.Sprintf("10.%d.0.0/24", vlan)
	ranges := []any{[]any{testbed.Config{"subnet": subnet}}, []any{testbed.Config{"subnet": fmt.Sprintf("fd00:%d::/64", vlan)}}}
	return n.With(0, "name", fmt.Sprint("vlan", vlan)).With(0, "vlan", vlan).With(0, "ipam", testbed.Config{"ranges": ranges})
}

func TestVLANsOfOneBridgeAreApart(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	red, blue := vlanNetwork(n, 100), vlanNetwork(n, 200)
	web, webResult := attach(t, h, red, "web")
	db, dbResult := attach(t, h, red, "db")
	other, otherResult := attach(t, h, blue, "other")
	h.Serve("", "tcp", 7000, "host")
	for _, family := range [][3]string{{"10.100.0.2", "10.100.0.1", "10.200.0.2"}, {"fd00:100::2", "fd00:100::1", "fd00:200::2"}} {
		expect(t, h, db.Netns, "tcp", family[0], 80, "web", "")
		expect(t, h, db.Netns, "tcp", family[1], 7000, "host", "")
		expect(t, h, "", "tcp", family[0], 80, "web", family[1])
		expect(t, h, "", "tcp", family[2], 80, "other", "")
	}
	h.RunIn(other.Netns, "ip", "addr", "add", "10.100.0.2/24", "dev", "eth0")
	h.RunIn(db.Netns, "ip", "neigh", "flush", "all")
	expect(t, h, db.Netns, "tcp", "10.100.0.2", 80, "web", "")
	if last := webResult.Interfaces[len(webResult.Interfaces)-1]; last.Name != "demo0.100" || last.Mac == "" {
		t.Errorf("the result's last interface is %+v, want demo0.100", last)
	}
	for c, result := range map[*testbed.Container]testbed.Result{&web: webResult, &db: dbResult} {
		if a := red.Check(t, *c, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK of %s: %s", c.ID, a.Stdout)
		}
	}
	red.Del(t, web, nil)
	red.Del(t, db, nil)
	if links := h.Run("ip", "-br", "link"); strings.Contains(links, "demo0.100") || !strings.Contains(links, "demo0.200") {
		t.Errorf("links after the last of VLAN 100: %s", links)
	}
	blue.Del(t, other, otherResult.Raw)
	h.Same(t, before)
}

// vlansOf shows what bridge(8) says of a port, one line.
func vlansOf(h *testbed.Host, port string) string {
	words := strings.Fields(h.Run("bridge", "vlan", "show", "dev", port))
	return strings.TrimPrefix(strings.Join(words, " "), "port vlan-id "+port+" ")
}

func TestPortIsInTheVLANsThatTheConfigSays(t *testing.T) {
	trunk := []any{testbed.Config{"id": 300}, testbed.Config{"minID": 400, "maxID": 402}, testbed.Config{"id": 100}}
	for _, want := range []struct {
		name  string
		keys  testbed.Config
		vlans string
	}{
		{"access port", testbed.Config{"vlan": 100}, "100 PVID Egress Untagged"},
		{"access port beside the default", testbed.Config{"vlan": 100, "preserveDefaultVlan": true}, "1 Egress Untagged 100 PVID Egress Untagged"},
		{"trunk with a native VLAN", testbed.Config{"vlan": 100, "vlanTrunk": trunk}, "100 PVID Egress Untagged 300 400 401 402"},
		{"trunk", testbed.Config{"vlanTrunk": trunk}, "1 PVID Egress Untagged 100 300 400 401 402"},
		{"empty trunk", testbed.Config{"vlanTrunk": []any{}}, "1 PVID Egress Untagged"},
	} {
		t.Run(want.name, func(t *testing.T) {
			h, n := newDemo(t)
			before := h.Snapshot()
			n.Chain = n.Chain[:1]
			for key, value := range want.keys {
				n = n.With(0, key, value)
			}
			c, result := attach(t, h, n, "web")
			if got := vlansOf(h, result.Interfaces[1].Name); got != want.vlans {
				t.Errorf("VLANs %q, want %q", got, want.vlans)
			}
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("CHECK: %s", a.Stdout)
			}
			n.Del(t, c, result.Raw)
			h.Same(t, before)
		})
	}
}

// TestTrunkCarriesTaggedFrames has a container speak to one of VLAN 100 with a tag.
func TestTrunkCarriesTaggedFrames(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	red := vlanNetwork(n, 100)
	n.Chain = n.Chain[:1]
	router := n.With(0, "name", "trunk").With(0, "ipam", nil).With(0, "isDefaultGateway", nil).
		With(0, "vlanTrunk", []any{testbed.Config{"minID": 1, "maxID": 4094}})
	web, webResult := attach(t, h, red, "web")
	c, result := attach(t, h, router, "router")
	h.RunIn(c.Netns, "ip", "link", "add", "link", "eth0", "name", "eth0.100", "type", "vlan", "id", "100")
	h.RunIn(c.Netns, "ip", "addr", "add", "10.100.0.77/24", "dev", "eth0.100")
	h.RunIn(c.Netns, "ip", "link", "set", "eth0.100", "up")
	expect(t, h, c.Netns, "tcp", "10.100.0.2", 80, "web", "10.100.0.77")
	router.Del(t, c, result.Raw)
	red.Del(t, web, webResult.Raw)
	h.Same(t, before)
}

// TestCheckNamesWhatIsWrongWithAVLAN, and repair puts it back.
func TestCheckNamesWhatIsWrongWithAVLAN(t *testing.T) {
	for _, b := range []struct{ command, word string }{
		{"bridge vlan del dev LINK vid 100", "is in no VLAN, not in 100 native"},
		{"bridge vlan add dev LINK vid 7", "is in 7, 100 native, not in 100 native"},
		{"ip link set demo0 type bridge vlan_filtering 0", "bridge demo0 has VLAN filtering off"},
		{"ip link del demo0.100", "demo0.100"},
		{"ip addr flush dev demo0.100", "bridge demo0.100 lacks gateway address 10.100.0.1/24"},
	} {
		t.Run(b.word, func(t *testing.T) {
			h, n := newDemo(t)
			before := h.Snapshot()
			n = vlanNetwork(n, 100)
			c, result := attach(t, h, n, "web")
			words := strings.Fields(strings.ReplaceAll(b.command, "LINK", result.Interfaces[1].Name))
			h.Run(words[0], words[1:]...)
			if e, _ := n.Check(t, c, result.Raw).Error(); e.Code != 104 || !strings.Contains(e.Message, b.word) {
				t.Errorf("CHECK: %+v; want the words %q", e, b.word)
			}
			says(t, h, 0, nil, "repair")
			says(t, h, 0, []string{"all is as the state file says"}, "check")
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("CHECK after the repair: %s", a.Stdout)
			}
			n.Del(t, c, result.Raw)
			h.Same(t, before)
		})
	}
}

func TestFilteringIsTurnedOnUnderContainersThatKnowNoVLAN(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	plain := n
	plain.Chain = n.Chain[:1]
	red := vlanNetwork(n, 100)
	old, oldResult := attach(t, h, plain, "old")
	web, webResult := attach(t, h, red, "web")
	db, dbResult := attach(t, h, plain, "db")
	expect(t, h, db.Netns, "tcp", web4, 80, "old", "")
	expect(t, h, "", "tcp", web6, 80, "old", "fd99::1")
	plain.Del(t, db, dbResult.Raw)
	red.Del(t, web, webResult.Raw)
	plain.Del(t, old, oldResult.Raw)
	h.Same(t, before)
}
