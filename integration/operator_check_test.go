package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestCheckSeesLinksTheirAddressesAndSysctls, for people, as drift in ls and in the metrics.
func TestCheckSeesLinksTheirAddressesAndSysctls(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	local := strings.Fields(h.Run("ip", "-6", "-brief", "addr", "show", "dev", "demo0", "scope", "link"))[2]
	for _, c := range []struct{ broken, mended, words string }{
		{"ip addr del 10.99.0.1/24 dev demo0", "ip addr add 10.99.0.1/24 dev demo0", "check links: demo0 has lost its address 10.99.0.1/24"},
		{"ip link set demo0 down", "ip link set demo0 up", "check links: bridge demo0 is down"},
		{"ip -6 addr flush dev demo0 scope link", "ip addr add LOCAL dev demo0", "check links: demo0 has lost its address fe80::"},
		{"sysctl -qw net.ipv4.conf.demo0.route_localnet=0", "sysctl -qw net.ipv4.conf.demo0.route_localnet=1", "check links: net.ipv4.conf.demo0.route_localnet is 0"},
		{"sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1", "check links: net.ipv4.ip_forward is \"0\""},
		{"ip link set " + linkOf(h) + " down", "ip link set " + linkOf(h) + " up", "check links: demo/web/eth0: link " + linkOf(h) + " is down"},
	} {
		h.Run("sh", "-ec", c.broken)
		says(t, h, 1, []string{c.words}, "check")
		says(t, h, 0, []string{`vethbridge_drift{of="links"}`}, "metrics")
		if out, _ := operate(t, h, "metrics"); strings.Contains(out, `{of="links"} 0`) {
			t.Errorf("%s: not in the metrics", c.words)
		}
		h.Run("sh", "-ec", strings.ReplaceAll(c.mended, "LOCAL", local))
		says(t, h, 0, []string{"all is as the state file says"}, "check")
	}
	h.Run("ip", "link", "set", linkOf(h), "down")
	says(t, h, 0, []string{"drifted"}, "ls", "--check")
}

// TestCheckListsEachDifferenceForMachines: one line each, also where one look finds several.
func TestCheckListsEachDifferenceForMachines(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 8090, ContainerPort: 81})
	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080, tcp . 8090 }")
	out, _ := operate(t, h, "check", "--json")
	var lines []string
	if err := json.Unmarshal([]byte(out), &lines); err != nil || len(lines) != 2 {
		t.Errorf("%v: %s", err, out)
	}
	says(t, h, 1, []string{", and 1 more (vethbridge check --state-dir " + h.StateDir + ")"}, "doctor", "--config", "/nonexistent")
}
