package integration

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestWhatOthersDoToBridgesAndLinksIsNamedAndPutBack: check for people sees what the verb CHECK sees, and repair
// makes it as ADD made it, down to each flag.
func TestWhatOthersDoToBridgesAndLinksIsNamedAndPutBack(t *testing.T) {
	t.Run("hairpin", func(t *testing.T) {
		breakAndRepair(t, "hairpinMode", "bridge link set dev LINK hairpin off", "has hairpin mode off")
	})
	t.Run("promiscuous", func(t *testing.T) {
		breakAndRepair(t, "promiscMode", "ip link set demo0 promisc off", "bridge demo0 is not promiscuous")
	})
}

// breakAndRepair is about a network with a key that can't stand beside others, and what breaks it.
func breakAndRepair(t *testing.T, key, damaged, named string) {
	t.Helper()
	h, n := newDemo(t)
	n = n.With(0, "mtu", 1500).With(0, "portIsolation", true).With(0, key, true)
	before := h.Snapshot()
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	link := linkOf(h)
	look := func() string {
		shown := h.Run("ip", "-d", "link", "show", "dev", link) + h.Run("ip", "-o", "addr", "show", "dev", "demo0")
		return regexp.MustCompile(`_timer +[0-9.]+| nodad`).ReplaceAllString(shown, "")
	}
	sound := look()
	for damage, words := range map[string]string{
		"ip link set LINK type bridge_slave group_fwd_mask 0":                        "takes frames for bridges (group_fwd_mask 0x0, not 0xfffd)",
		"ip link set LINK group 0":                                                   "is in device group 0",
		"bridge link set dev LINK isolated off":                                      "is isolated: false, want true",
		"bridge link set dev LINK state 2":                                           "does not forward, it is learning",
		"ip link set LINK mtu 1300":                                                  "has MTU 1300, not 1500",
		"ip link set LINK nomaster":                                                  "is not a port of bridge demo0",
		"ip link set LINK down":                                                      "is down",
		"ip link set LINK alias theirs":                                              `carries the alias "theirs"`,
		"ip link set LINK nomaster group 0; ip link set LINK mtu 900":                "is not a port of bridge demo0",
		"ip link set LINK down; ip link set LINK name x0 group 0; ip link set x0 up": "is called x0 now",
		"ip link set demo0 down":                                                     "bridge demo0 is down",
		damaged:                                                                      named,
		"ip link set demo0 arp off":                                                  "bridge demo0 answers and asks for no neighbours (NOARP)",
		"ip addr flush dev demo0":                                                    "demo0 has lost its address fd99::1/64",
		"sysctl -qw net.ipv6.conf.demo0.keep_addr_on_down=0; ip link set demo0 down; ip link set demo0 up": "demo0 has lost its address fd99::1/64",
	} {
		h.Run("sh", "-ec", strings.ReplaceAll(damage, "LINK", link))
		if a := n.Check(t, c, result.Raw); a.Exit == 0 {
			t.Errorf("%s: CHECK passes", damage)
		}
		says(t, h, 1, []string{words}, "check")
		says(t, h, 0, []string{"would put right: ", words}, "repair", "--dry-run")
		says(t, h, 1, []string{words}, "check")
		says(t, h, 0, nil, "repair")
		says(t, h, 0, []string{"nothing to repair"}, "repair")
		says(t, h, 0, []string{"all is as the state file says"}, "check")
		if a := n.Check(t, c, result.Raw); a.Exit != 0 {
			t.Errorf("%s: CHECK after the repair: %s", damage, a.Stdout)
		}
		if now := look(); now != sound {
			t.Errorf("%s: it is now\n%s\nand was\n%s", damage, now, sound)
		}
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestRepairLeavesTheInsideOfContainersAlone: who runs in it may have changed it on purpose, as VPN clients do.
func TestRepairLeavesTheInsideOfContainersAlone(t *testing.T) {
	h, n := newDemo(t)
	c, _ := attach(t, h, n, "web")
	h.RunIn(c.Netns, "ip", "route", "del", "default")
	says(t, h, 1, []string{"check links: demo/web/eth0: the container lacks route 0.0.0.0/0 via 10.99.0.1"}, "check")
	says(t, h, 0, []string{"nothing to repair"}, "repair", "--dry-run")
	says(t, h, 0, []string{"nothing to repair"}, "repair")
	if routes := h.RunIn(c.Netns, "ip", "route"); strings.Contains(routes, "default") {
		t.Error(routes)
	}
	says(t, h, 0, []string{"drifted"}, "ls", "--check")
}

// TestRepairLeavesHairpinModeOn where others have turned it on: published ports can need it.
func TestRepairLeavesHairpinModeOn(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "mtu", 1500)
	c, result := attach(t, h, n, "web")
	link := linkOf(h)
	h.Run("bridge", "link", "set", "dev", link, "hairpin", "on")
	h.Run("ip", "link", "set", link, "mtu", "1300")
	says(t, h, 0, []string{"made links again what they were"}, "repair")
	if shown := h.Run("bridge", "-d", "link", "show", "dev", link); !strings.Contains(shown, "hairpin on") || !strings.Contains(shown, "mtu 1500") {
		t.Error(shown)
	}
	n.Del(t, c, result.Raw)
}

// TestARebuiltRecordSaysNothingOfWhatItDoesNotKnow: flags, routes, the inside of a container.
func TestARebuiltRecordSaysNothingOfWhatItDoesNotKnow(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "portIsolation", true)
	c, _ := attach(t, h, n, "web")
	h.Run("rm", "-r", h.StateDir)
	h.Run("mkdir", "-m", "700", h.StateDir)
	says(t, h, 0, []string{"all is as the state file says"}, "check")
	h.Run("ip", "link", "set", linkOf(h), "nomaster")
	says(t, h, 1, []string{"is not a port of bridge demo0"}, "check")
	says(t, h, 0, []string{"nothing to repair"}, "repair")
	n.Del(t, c, nil)
}

// TestALostUplinkIsNamed with the command that gives it back.
func TestALostUplinkIsNamed(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n = lanNetwork(n).With(0, "uplinkMoveAddresses", true)
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	result := n.Add(t, c)
	for damage, words := range map[string]string{
		"ip link set uplink nomaster": "uplink uplink is not a port of bridge demo0",
		"ip link set uplink down":     "uplink uplink is down",
	} {
		h.Run("sh", "-ec", damage)
		says(t, h, 1, []string{"check links: " + words}, "check")
		found := examine(t, h)
		if len(found) != 1 || !strings.Contains(found[0].What, words) || len(found[0].Run) != 1 {
			t.Fatalf("%s: %+v", damage, found)
		}
		h.Run("sh", "-ec", found[0].Run[0])
		says(t, h, 0, []string{"all is as the state file says"}, "check")
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestAKilledRepairIsFinishedByTheNext, wherever it ends.
func TestAKilledRepairIsFinishedByTheNext(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	link, killed := linkOf(h), 0
	for _, call := range []string{"sendmsg", "sendto"} {
		for i, survived := 1, false; !survived; i++ {
			h.Run("ip", "link", "set", "demo0", "down")
			h.Run("ip", "link", "set", link, "nomaster", "group", "0")
			said := h.Run("sh", "-c", fmt.Sprintf("strace -f -qq -o /dev/null -e inject=%s:signal=SIGKILL:when=%d %s repair --state-dir %s; echo status $?",
				call, i, filepath.Join(string(built), "vethbridge"), h.StateDir))
			if survived = strings.Contains(said, "status 0"); !survived {
				killed++
			}
			_, _ = operate(t, h, "repair")
			says(t, h, 0, []string{"all is as the state file says"}, "check")
			if t.Failed() {
				t.Fatalf("killed at %s number %d", call, i)
			}
		}
	}
	if killed < 10 {
		t.Errorf("killed at %d system calls only", killed)
	}
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Error(a.Stdout)
	}
}
