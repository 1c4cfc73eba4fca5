package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestRoutesAreAppliedAndReportedWithAllTheirFields has every field of CNI 1.1, one route by the
// gateway that it leaves open, and a default route beside isDefaultGateway, which is one and not two.
func TestRoutesAreAppliedAndReportedWithAllTheirFields(t *testing.T) {
	h, n := newDemo(t)
	n.Chain = n.Chain[:1]
	ipam := n.Chain[0]["ipam"].(testbed.Config).With("routes", []any{
		testbed.Config{"dst": "0.0.0.0/0"},
		testbed.Config{"dst": "192.0.2.0/24", "gw": "10.99.0.1", "mtu": 1400, "advmss": 1300, "priority": 77, "table": 100},
		testbed.Config{"dst": "203.0.113.0/24", "scope": 253},
		testbed.Config{"dst": "2001:db8:9::/48", "mtu": 1390, "priority": 55},
	})
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	n = n.With(0, "ipam", ipam)
	result := n.Add(t, c)
	shown := h.RunIn(c.Netns, "ip", "route", "show", "table", "all") + h.RunIn(c.Netns, "ip", "-6", "route", "show", "table", "all")
	for _, words := range []string{
		"192.0.2.0/24 via 10.99.0.1 dev eth0 table 100 metric 77 mtu 1400 advmss 1300", "203.0.113.0/24 dev eth0 scope link",
		"2001:db8:9::/48 via fd99::1 dev eth0 metric 55 mtu 1390", "default via fd99::1 dev eth0",
	} {
		if !strings.Contains(shown, words) {
			t.Errorf("%q is not in\n%s", words, shown)
		}
	}
	if strings.Count(shown, "default via 10.99.0.1 dev eth0") != 1 {
		t.Errorf("the IPv4 default route is not there once:\n%s", shown)
	}
	var reported struct{ Routes []map[string]any }
	if err := json.Unmarshal(result.Raw, &reported); err != nil || len(reported.Routes) != 5 {
		t.Fatalf("%v, result %s", err, result.Raw)
	}
	want := map[string]any{"dst": "192.0.2.0/24", "gw": "10.99.0.1", "mtu": 1400., "advmss": 1300., "priority": 77., "table": 100.}
	for key, value := range want {
		if reported.Routes[1][key] != value {
			t.Errorf("the result says %s: %v, want %v", key, reported.Routes[1][key], value)
		}
	}
	if reported.Routes[2]["scope"] != 253. {
		t.Errorf("the result says %v", reported.Routes[2])
	}
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
}
