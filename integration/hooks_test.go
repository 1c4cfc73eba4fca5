package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// hooks are the administrator's chains for translations, and what stands in them: clients
// from the LAN aren't led to port 8080, and nobody is masqueraded to port 7000 of the LAN.
type hooks struct {
	make   []string // before anything of ours is there
	remove []string
	list   string
	rules  []string // in the words of list
}

func hooksOf(backend string) hooks {
	if backend == "nftables" {
		return hooks{
			make: []string{
				"nft add table inet vethbridge",
				"nft add chain inet vethbridge user_prerouting",
				"nft add chain inet vethbridge user_postrouting",
				"nft add set inet vethbridge user_closed '{ type inet_service; }'",
				"nft add element inet vethbridge user_closed '{ 8080 }'",
				"nft add rule inet vethbridge user_prerouting ip saddr { 198.51.100.2, 198.51.100.3 } tcp dport @user_closed accept",
				"nft add rule inet vethbridge user_postrouting tcp dport 7000 accept",
			},
			remove: []string{"nft delete table inet vethbridge"},
			list:   "nft list ruleset",
			rules: []string{
				"elements = { 8080 }", "tcp dport 7000 accept",
				"ip saddr { 198.51.100.2, 198.51.100.3 } tcp dport @user_closed accept",
			},
		}
	}
	t := backend + " -t nat "
	return hooks{
		make: []string{
			t + "-N VETHBRIDGE-USER-PREROUTING", t + "-N VETHBRIDGE-USER-POSTROUTING",
			t + "-A VETHBRIDGE-USER-PREROUTING -s 198.51.100.2/32 -p tcp -m tcp --dport 8080 -j ACCEPT",
			t + "-A VETHBRIDGE-USER-POSTROUTING -p tcp -m tcp --dport 7000 -j ACCEPT",
		},
		remove: []string{
			t + "-F VETHBRIDGE-USER-PREROUTING", t + "-F VETHBRIDGE-USER-POSTROUTING",
			t + "-X VETHBRIDGE-USER-PREROUTING", t + "-X VETHBRIDGE-USER-POSTROUTING",
		},
		list: backend + "-save -t nat",
		rules: []string{
			"-A VETHBRIDGE-USER-PREROUTING -s 198.51.100.2/32 -p tcp -m tcp --dport 8080 -j ACCEPT",
			"-A VETHBRIDGE-USER-POSTROUTING -p tcp -m tcp --dport 7000 -j ACCEPT",
		},
	}
}

// TestTheAdministratorsRulesComeFirstAndStay has rules in the chains that are theirs, before the
// first ADD, and looks at what they do and whether they are there, whatever is done to ours.
func TestTheAdministratorsRulesComeFirstAndStay(t *testing.T) {
	for _, backend := range backendNames {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend).With(0, "ipMasq", true)
			warmUp(h, backend)
			untouched := h.Snapshot()
			hooks := hooksOf(backend)
			shell(h, hooks.make)
			h.RunIn(h.LAN, "ip", "route", "add", "10.99.0.0/24", "via", testbed.HostAddr4)
			h.Serve(h.LAN, "tcp", 7000, "lan")
			h.Serve(h.LAN, "tcp", 7001, "lan")
			web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 8081, ContainerPort: 80})
			obeyed := func(when string) {
				t.Helper()
				if !h.Silent(h.LAN, "tcp", testbed.HostAddr4, 8080) {
					t.Errorf("%s: the LAN is led to port 8080", when)
				}
				expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "web", testbed.LANAddr4)
				expect(t, h, "", "tcp", testbed.HostAddr4, 8080, "web", "")
				expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7000, "lan", web4)
				expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7001, "lan", testbed.HostAddr4)
				hooks.there(t, h, when)
			}
			obeyed("after ADD")
			db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8082, ContainerPort: 80})
			obeyed("after another ADD")
			spoil(h, backend)
			if out, code := operate(t, h, "repair"); code != 0 {
				t.Fatalf("repair: %s", out)
			}
			obeyed("after a repair")
			n.Del(t, db, dbResult.Raw)
			obeyed("after the other's DEL")
			n.Del(t, web, result.Raw)
			hooks.there(t, h, "after the last DEL")
			shell(h, hooks.remove)
			h.Same(t, untouched)
		})
	}
}

func shell(h *testbed.Host, commands []string) {
	for _, c := range commands {
		h.Run("sh", "-c", c)
	}
}

// spoil takes a rule of ours away.
func spoil(h *testbed.Host, backend string) {
	if backend == "nftables" {
		h.Run("nft", "flush", "chain", "inet", "vethbridge", "ports")
		return
	}
	h.Run(backend, "-t", "nat", "-F", "VETHBRIDGE-DNAT")
}

func (k hooks) there(t *testing.T, h *testbed.Host, when string) {
	t.Helper()
	out := h.Run("sh", "-c", k.list)
	for _, rule := range k.rules {
		if strings.Count(out, rule) != 1 {
			t.Errorf("%s: not once there: %s\n%s", when, rule, out)
		}
	}
}

// TestTheAdministratorCanOpenWhatIsClosed lets a host of the LAN in where mode nat keeps all others
// out.
func TestTheAdministratorCanOpenWhatIsClosed(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	h.RunIn(h.LAN, "ip", "route", "add", "10.99.0.0/24", "via", testbed.HostAddr4)
	web, result := attach(t, h, n, "web")
	if !h.Silent(h.LAN, "tcp", web4, 80) {
		t.Error("the LAN comes in directly")
	}
	h.Run("sh", "-c", "nft add rule inet vethbridge-walls user_forward ip saddr 198.51.100.2 accept")
	expect(t, h, h.LAN, "tcp", web4, 80, "web", testbed.LANAddr4)
	db, dbResult := attach(t, h, n, "db")
	expect(t, h, h.LAN, "tcp", web4, 80, "web", testbed.LANAddr4)
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, result.Raw)
	if out := h.Run("nft", "list", "table", "inet", "vethbridge-walls"); !strings.Contains(out, "ip saddr 198.51.100.2 accept") {
		t.Errorf("the rule is gone: %s", out)
	}
	h.Run("nft", "delete", "table", "inet", "vethbridge-walls")
	h.Same(t, before)
}
