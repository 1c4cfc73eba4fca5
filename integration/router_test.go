package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestTheHostKeepsTheDefaultRouteThatARouterAdvertised: the kernel takes it away as soon as the
// host forwards IPv6, and listens to no router any more, unless accept_ra is 2.
func TestTheHostKeepsTheDefaultRouteThatARouterAdvertised(t *testing.T) {
	h, n := newDemo(t)
	advertise(t, h)
	advertised := func() bool {
		return strings.Contains(h.Run("ip", "-6", "route", "show", "default", "dev", "uplink"), "proto ra")
	}
	testbed.Await(t, "a default route by the uplink", advertised)
	web, result := attach(t, h, n, "web")
	if !advertised() {
		t.Error("the route is gone with ADD")
	}
	h.Run("ip", "-6", "route", "del", "default", "dev", "uplink")
	testbed.Await(t, "the router to be heard again", advertised)
	if now := strings.TrimSpace(h.Run("sysctl", "-n", "net.ipv6.conf.uplink.accept_ra")); now != "2" {
		t.Errorf("accept_ra is %s", now)
	}
	n.Del(t, web, result.Raw)
	if now := strings.TrimSpace(h.Run("sysctl", "-n", "net.ipv6.conf.uplink.accept_ra")); now != "1" || !advertised() {
		t.Errorf("after DEL: accept_ra is %s, advertised %t", now, advertised())
	}
}
