package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// ailment is a broken host: what breaks it, words of what the doctor says, and what he
// prescribes, which must cure it.
type ailment struct {
	name, words string
	make, cure  func(*testbed.Host, testbed.Network, testbed.Container)
}

func ailments() []ailment {
	run := func(words ...string) func(*testbed.Host, testbed.Network, testbed.Container) {
		return func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			for _, w := range words {
				h.Run("sh", "-c", w)
			}
		}
	}
	ours := func(words ...string) func(*testbed.Host, testbed.Network, testbed.Container) {
		return func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.Run(filepath.Join(string(built), "vethbridge"), append(words, "--state-dir", h.StateDir)...)
		}
	}
	add := func(h *testbed.Host, n testbed.Network, _ testbed.Container) {
		n.Add(h.T(), testbed.Container{ID: "next", Netns: h.NewContainer()})
	}
	return []ailment{
		{"forwarding off", "net.ipv4.ip_forward is \"0\"", run("sysctl -qw net.ipv4.ip_forward=0"), run("sysctl -qw net.ipv4.ip_forward=1")},
		{"IPv6 forwarding off", "net.ipv6.conf.all.forwarding is \"0\"", run("sysctl -qw net.ipv6.conf.all.forwarding=0"), run("sysctl -qw net.ipv6.conf.all.forwarding=1")},
		{"docker's policy", "the policy of iptables-nft's FORWARD chain is DROP", run("iptables-nft -P FORWARD DROP"), add},
		{"docker's policy, IPv6", "the policy of ip6tables-nft's FORWARD chain is DROP", run("ip6tables-nft -P FORWARD DROP"), add},
		{"somebody's nftables", "inet theirs forward drops", run("nft add table inet theirs", "nft add chain inet theirs forward '{ type filter hook forward priority 0; policy drop; }'"),
			run("nft delete table inet theirs")},
		{"both variants of iptables", "both iptables-legacy and iptables-nft", run("iptables-legacy -A FORWARD -s 192.0.2.1", "iptables-nft -A FORWARD -s 192.0.2.1"),
			run("nft delete table ip filter")},
		{"ruleset flushed", "rules were removed", run("nft flush ruleset"), ours("repair")},
		{"guard flushed", "rules were removed", run("nft flush chain bridge vethbridge prerouting"), ours("repair")},
		{"dead container", "is dead", func(h *testbed.Host, _ testbed.Network, c testbed.Container) {
			h.RunIn(c.Netns, "ip", "link", "del", "eth0")
			h.Forget(c.Netns)
		}, ours("gc")},
		{"bridge down", "bridge demo0 is down", run("ip link set demo0 down"), run("ip link set demo0 up")},
		{"bridge with jumbo frames", "bridge demo0 has MTU 9000", run("ip link set demo0 mtu 9000"), run("ip link set demo0 mtu 1500")},
		{"strict reverse path", "rp_filter is 1", func(h *testbed.Host, n testbed.Network, _ testbed.Container) {
			other := otherNetwork(n)
			other.Add(h.T(), testbed.Container{ID: "other", Netns: h.NewContainer()})
			h.Sysctl("net/ipv4/conf/all/rp_filter", "1")
		}, run("sysctl -qw net.ipv4.conf.all.rp_filter=2")},
		{"state directory open to others", "can be written by others", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.Run("chmod", "777", h.StateDir)
		}, func(h *testbed.Host, _ testbed.Network, _ testbed.Container) { h.Run("chmod", "700", h.StateDir) }},
	}
}

func TestTheDoctorNamesTheCauseAndHisWordsCureIt(t *testing.T) {
	for _, a := range ailments() {
		t.Run(a.name, func(t *testing.T) {
			h, n := newDemo(t)
			c, _ := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			h.StopServing()
			healthy(t, h, "before")
			a.make(h, n, c)
			if out, status := operate(t, h, "doctor", "--config", "/nonexistent"); status != 1 || !strings.Contains(out, a.words) {
				t.Errorf("status %d, want the words %q:\n%s", status, a.words, out)
			}
			a.cure(h, n, c)
			healthy(t, h, "after the cure")
		})
	}
}

func healthy(t *testing.T, h *testbed.Host, when string) {
	t.Helper()
	if out, status := operate(t, h, "doctor", "--config", "/nonexistent"); status != 0 {
		t.Errorf("%s: status %d:\n%s", when, status, out)
	}
}

// TestTheDoctorLooksAtPoolsAndLeftovers is about what only a network's config tells.
func TestTheDoctorLooksAtPoolsAndLeftovers(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/29"}}}})
	conf := filepath.Join(t.TempDir(), "demo.conflist")
	list := testbed.Config{"name": "demo", "cniVersion": "1.0.0", "plugins": []any{n.Chain[0]}}
	if err := os.WriteFile(conf, []byte(list.JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
	leases := t.TempDir()
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		n.Add(t, testbed.Container{ID: id, Netns: h.NewContainer()})
	}
	if err := os.MkdirAll(filepath.Join(leases, "demo"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(leases, "demo", "10.99.0.6"), []byte("old\neth0"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := operate(t, h, "doctor", "--config", conf, "--data-dir", leases)
	for _, words := range []string{"has 0 of 5 addresses left", "host-local has 1 leases of network demo"} {
		if status != 1 || !strings.Contains(out, words) {
			t.Errorf("status %d, want the words %q:\n%s", status, words, out)
		}
	}
}
