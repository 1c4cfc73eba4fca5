package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestContainersReachOutWhereDockerDropsWhatIsForwarded is about the policy that docker and
// ufw set, in both variants of iptables.
func TestContainersReachOutWhereDockerDropsWhatIsForwarded(t *testing.T) {
	for _, variant := range []string{"nft", "legacy"} {
		t.Run(variant, func(t *testing.T) {
			h, n := newDemo(t)
			for _, program := range []string{"iptables-", "ip6tables-"} {
				h.Run(program+variant, "-P", "FORWARD", "DROP")
				h.Run(program+variant, "-N", "DOCKER-USER")
				h.Run(program+variant, "-A", "FORWARD", "-j", "DOCKER-USER")
			}
			before, rules := h.Snapshot(), h.Run("iptables-"+variant, "-S")
			h.Serve(h.LAN, "tcp", 7001, "lan")
			web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			db, dbResult := attach(t, h, n, "db")
			for _, from := range []string{web.Netns, db.Netns} {
				expect(t, h, from, "tcp", testbed.LANAddr4, 7001, "lan", testbed.HostAddr4)
				expect(t, h, from, "tcp", testbed.LANAddr6, 7001, "lan", testbed.HostAddr6)
			}
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
			expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
			// What the administrator refuses stays refused.
			h.Run("iptables-"+variant, "-A", "DOCKER-USER", "-d", testbed.LANAddr4, "-j", "DROP")
			if !h.Silent(db.Netns, "tcp", testbed.LANAddr4, 7001) {
				t.Error("a rule of the administrator is bypassed")
			}
			h.Run("iptables-"+variant, "-F", "DOCKER-USER")
			n.Del(t, web, result.Raw)
			n.Del(t, db, dbResult.Raw)
			for _, program := range []string{"iptables-", "ip6tables-"} {
				h.Run(program+variant, "-Z") // counters stand in the snapshot
			}
			h.Same(t, before)
			if after := h.Run("iptables-"+variant, "-S"); after != rules {
				t.Errorf("left:\n%s", after)
			}
		})
	}
}

// TestContainersReachOutWhereTheLastRuleRefusesWhatIsForwarded is about rulesets that let through by
// rules, and end in one for all the rest.
func TestContainersReachOutWhereTheLastRuleRefusesWhatIsForwarded(t *testing.T) {
	for _, variant := range []string{"nft", "legacy"} {
		t.Run(variant, func(t *testing.T) {
			h, n := newDemo(t)
			h.Serve(h.LAN, "tcp", 7001, "lan")
			for program, elsewhere := range map[string]string{"iptables-": "192.0.2.0/24", "ip6tables-": "2001:db8:9::/64"} {
				h.Run(program+variant, "-A", "FORWARD", "-d", elsewhere, "-j", "ACCEPT")
				h.Run(program+variant, "-A", "FORWARD", "-j", "REJECT")
			}
			rules := h.Run("iptables-"+variant, "-S")
			web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7001, "lan", testbed.HostAddr4)
			expect(t, h, web.Netns, "tcp", testbed.LANAddr6, 7001, "lan", testbed.HostAddr6)
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
			says(t, h, 0, nil, "repair", "--dry-run")
			n.Del(t, web, result.Raw)
			if after := h.Run("iptables-"+variant, "-S"); after != rules {
				t.Errorf("left:\n%s", after)
			}
		})
	}
}

// TestRepairLetsBridgesThroughAPolicyThatCameLater is docker, started after the containers; and a network that
// wants no such help gets none.
func TestRepairLetsBridgesThroughAPolicyThatCameLater(t *testing.T) {
	for _, variant := range []string{"nft", "legacy"} {
		t.Run(variant, func(t *testing.T) {
			h, n := newDemo(t)
			h.Serve(h.LAN, "tcp", 7001, "lan")
			web, result := attach(t, h, n, "web")
			other := otherNetwork(n).With(0, "acceptForward", false)
			refused, _ := attach(t, h, other, "refused")
			h.Run("iptables-"+variant, "-P", "FORWARD", "DROP")
			rules := h.Run("iptables-"+variant, "-S")
			if !h.Silent(web.Netns, "tcp", testbed.LANAddr4, 7001) {
				t.Error("the policy does not drop")
			}
			says(t, h, 0, []string{"would put right: check firewall: iptables-" + variant + " does not let bridge demo0 through"}, "repair", "--dry-run")
			says(t, h, 0, []string{"let bridges through iptables again"}, "repair")
			says(t, h, 0, []string{"nothing to repair"}, "repair")
			expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7001, "lan", "")
			if after := h.Run("iptables-"+variant, "-S"); strings.Contains(after, "other0") || !h.Silent(refused.Netns, "tcp", testbed.LANAddr4, 7001) {
				t.Errorf("the other network is let through: %s", after)
			}
			n.Del(t, web, result.Raw)
			if after := h.Run("iptables-"+variant, "-S"); after != rules {
				t.Errorf("left:\n%s", after)
			}
		})
	}
}

func TestAcceptForwardCanBeTurnedOff(t *testing.T) {
	h, n := newDemo(t)
	h.Run("iptables-nft", "-P", "FORWARD", "DROP")
	h.Serve(h.LAN, "tcp", 7001, "lan")
	n = n.With(0, "acceptForward", false)
	web, result := attach(t, h, n, "web")
	if !h.Silent(web.Netns, "tcp", testbed.LANAddr4, 7001) {
		t.Error("the container reaches out")
	}
	if rules := h.Run("iptables-nft", "-S"); strings.Contains(rules, "VETHBRIDGE") {
		t.Errorf("rules:\n%s", rules)
	}
	n.Del(t, web, result.Raw)
}

// TestADropThatCantBeOverriddenIsNamed is about a table of somebody's own.
func TestADropThatCantBeOverriddenIsNamed(t *testing.T) {
	h, n := newDemo(t)
	file := filepath.Join(t.TempDir(), "log")
	n = n.With(0, "logFile", file)
	h.Run("nft", "add table inet theirs")
	h.Run("nft", "add chain inet theirs forward { type filter hook forward priority 0; policy drop; }")
	status := testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: n.Chain[0].JSON()}
	for _, call := range []func(){
		func() { n.Add(t, testbed.Container{ID: "web", Netns: h.NewContainer()}) },
		func() { n.Plugins.Do(t, status) },
	} {
		_ = os.Remove(file)
		call()
		if log, _ := os.ReadFile(file); !strings.Contains(string(log), `"chain":"inet theirs forward"`) {
			t.Errorf("the log says %s", log)
		}
	}
}

// TestFramesThatSomebodyDropsAreNamed are those of a container that a bridge table of somebody's own drops: by the log of ADD and STATUS, and
// by the doctor, whose words let them through.
func TestFramesThatSomebodyDropsAreNamed(t *testing.T) {
	for _, hook := range []string{"input", "forward"} {
		h, n := newDemo(t)
		file := filepath.Join(t.TempDir(), "log")
		n = n.With(0, "logFile", file)
		says(t, h, 0, []string{"nothing found"}, "doctor")
		h.Run("sh", "-c", "nft add table bridge theirs; nft add chain bridge theirs "+hook+" '{ type filter hook "+hook+" priority 0; policy drop; }'")
		web := testbed.Container{ID: "web", Netns: h.NewContainer()}
		for _, call := range []func(){func() { n.Add(t, web) }, func() { status(t, n, nil) }} {
			_ = os.Remove(file)
			call()
			if log, _ := os.ReadFile(file); strings.Count(string(log), `"chain":"bridge `) != 1 || !strings.Contains(string(log), `"chain":"bridge theirs `+hook+`"`) {
				t.Errorf("%s: the log says %s", hook, log)
			}
		}
		h.Serve(h.LAN, "tcp", 7001, "lan")
		if hook == "input" && !h.Silent(web.Netns, "tcp", testbed.LANAddr4, 7001) {
			t.Error("the container reaches out")
		}
		says(t, h, 1, []string{"the nftables chain bridge theirs " + hook + " drops"}, "doctor")
		for _, side := range []string{"iifname", "oifname"} {
			h.Run("sh", "-c", "nft insert rule bridge theirs "+hook+" "+side+` '"veth*"' accept`)
		}
		says(t, h, 0, []string{"nothing found"}, "doctor")
		expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7001, "lan", "")
		n.Del(t, web, nil)
	}
}

// TestAnAddAfterDockerHasComeLetsTheBridgeThrough is about a firewall that starts later.
func TestAnAddAfterDockerHasComeLetsTheBridgeThrough(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	h.Serve(h.LAN, "tcp", 7001, "lan")
	web, result := attach(t, h, n, "web")
	h.Run("iptables-nft", "-P", "FORWARD", "DROP")
	db, dbResult := attach(t, h, n, "db")
	for _, from := range []string{web.Netns, db.Netns} {
		expect(t, h, from, "tcp", testbed.LANAddr4, 7001, "lan", "")
	}
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, result.Raw)
	h.Run("nft", "delete", "table", "ip", "filter")
	h.Same(t, before)
}

// TestTheDoctorNamesTheFirewallThatBarsABridgeAndNoOther: the other one drops too, and lets it through.
func TestTheDoctorNamesTheFirewallThatBarsABridgeAndNoOther(t *testing.T) {
	h, n := newDemo(t)
	h.Run("iptables-nft", "-P", "FORWARD", "DROP")
	web, result := attach(t, h, n, "web")
	h.Run("ip6tables-nft", "-P", "FORWARD", "DROP")
	out, status := operate(t, h, "doctor")
	if status != 1 || !strings.Contains(out, "ip6tables-nft's FORWARD chain drops what is forwarded, and does not let our bridges through: demo0") ||
		strings.Count(out, "FORWARD chain drops") != 1 {
		t.Errorf("exit %d: %s", status, out)
	}
	n.Del(t, web, result.Raw)
}

// TestRepairSaysWhatItRestoredBeforeAPartFails: whoever repairs wants to know what is left to do.
func TestRepairSaysWhatItRestoredBeforeAPartFails(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080 }")
	h.Run("iptables-nft", "-P", "FORWARD", "DROP")
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "iptables-nft"), []byte("#!/bin/sh\necho broken >&2; exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", broken+":"+path)
	says(t, h, 1, []string{"restored the translations of all attachments\n", "iptables-nft"}, "repair")
	t.Setenv("PATH", path)
	says(t, h, 0, []string{"let bridges through iptables again"}, "repair")
	n.Del(t, web, result.Raw)
}
