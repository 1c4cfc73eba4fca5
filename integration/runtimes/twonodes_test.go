package runtimes

import (
	"fmt"
	"strings"
	"testing"
)

var cnitool = subject{"cnitool", "cnitool 1.3.1"}

// routedPods is the sample conflist for the pods of a node, whose number is in its ranges.
func routedPods(t *testing.T, node int) string {
	t.Helper()
	return strings.NewReplacer(
		`[{ "subnet": "10.244.0.0/24" }]`, fmt.Sprintf(`[{ "subnet": "10.244.%[1]d.0/24" }], [{ "subnet": "fd44:0:0:%[1]d::/64" }]`, node),
		`"10.244.0.0/16"`, `"10.244.0.0/16", "fd44::/48"`,
	).Replace(samplePods(t))
}

// TestPodsOfTwoNodesMeetByRoutes has one range of pods on each node, and a route to it on the
// other, as a cloud, a routing daemon or an administrator sets them.
func TestPodsOfTwoNodesMeetByRoutes(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		hosts := newHosts(t, "one", "two")
		one, two := hosts[0], hosts[1]
		for i, h := range hosts {
			other, node := hosts[1-i], 2-i
			run(t, h.on("ip", "route", "add", fmt.Sprintf("10.244.%d.0/24", node), "via", other.address)...)
			run(t, h.on("ip", "route", "add", fmt.Sprintf("fd44:0:0:%d::/64", node), "via", other.address6)...)
			h.network(routedPods(t, i+1))
		}
		before := one.state() + two.state()
		web, db := one.attach("web", 8080), two.attach("db", 8080)
		podsMeet(t, one, two, web, db)
		cnitool.passed(t, add, "pods of two nodes meet by routes with their own addresses, the outside sees the node's")
		one.detach("web", 8080)
		two.detach("db", 8080)
		if after := one.state() + two.state(); after != before {
			t.Errorf("left:\n%s\nbefore:\n%s", after, before)
		}
		cnitool.passed(t, del, nothingLeft)
	})
}
