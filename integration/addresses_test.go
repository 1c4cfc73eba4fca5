package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vethbridge/integration/testbed"
)

// subnet is a network with one range and no second family.
func subnet(n testbed.Network, r testbed.Config) testbed.Network {
	return n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{r}}})
}

func TestTheSmallestSubnetsHaveRoom(t *testing.T) {
	for _, test := range []struct{ subnet, first, second string }{
		{"10.99.0.0/31", "10.99.0.0/31", "10.99.0.1/31"},
		{"10.99.0.7/32", "10.99.0.7/32", ""},
		{"fd99::/127", "fd99::/127", "fd99::1/127"},
		{"fd99::7/128", "fd99::7/128", ""},
	} {
		t.Run(test.subnet, func(t *testing.T) {
			h, n := newDemo(t)
			before := h.Snapshot()
			n = subnet(n, testbed.Config{"subnet": test.subnet}).With(1, "ipMasq", false)
			first := testbed.Container{ID: "first", Netns: h.NewContainer()}
			if result := n.Add(t, first); result.IPs[0].Address != test.first {
				t.Errorf("first got %s, want %s", result.IPs[0].Address, test.first)
			}
			second := testbed.Container{ID: "second", Netns: h.NewContainer()}
			if answer, result := n.TryAdd(t, second); test.second == "" && answer.Exit == 0 || test.second != "" && result.IPs[0].Address != test.second {
				t.Errorf("second: %s", answer.Stdout)
			}
			n.Del(t, first, nil)
			n.Del(t, second, nil)
			h.Same(t, before)
		})
	}
}

func TestExcludedAddressesAreNeverGiven(t *testing.T) {
	h, n := newDemo(t)
	n = subnet(n, testbed.Config{"subnet": "10.99.0.0/29", "exclude": []any{"10.99.0.2", "10.99.0.4/31"}})
	var got []string
	for i := range 2 {
		got = append(got, n.Add(t, testbed.Container{ID: fmt.Sprint("c", i), Netns: h.NewContainer()}).IPs[0].Address)
	}
	if fmt.Sprint(got) != "[10.99.0.3/29 10.99.0.6/29]" {
		t.Errorf("addresses %v", got)
	}
	refused(t, h, n, testbed.Container{ID: "late", Netns: h.NewContainer()}, 11, "2 of 2 in use")
	refused(t, h, n, testbed.Container{ID: "asks", Netns: h.NewContainer(), Args: "IP=10.99.0.5"}, 7, "excluded")
}

// TestEverySetGivesAnAddressAndItsRangesFollowEachOther has two ranges, with gateways of their own,
// in the first of two sets.
func TestEverySetGivesAnAddressAndItsRangesFollowEachOther(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{
		[]any{testbed.Config{"subnet": "10.99.0.0/30"}, testbed.Config{"subnet": "10.98.0.0/29", "rangeStart": "10.98.0.3", "gateway": "10.98.0.6"}},
		[]any{testbed.Config{"subnet": "fd99::/64"}},
	}})
	h.Serve(h.LAN, "tcp", 7000, "lan")
	var added []testbed.Container
	for i, want := range []string{"[{10.99.0.2/30 10.99.0.1} {fd99::2/64 fd99::1}]", "[{10.98.0.3/29 10.98.0.6} {fd99::3/64 fd99::1}]"} {
		c, result := attach(t, h, n, fmt.Sprint("c", i))
		if got := fmt.Sprint(result.IPs); got != want {
			t.Errorf("container %d has %s, want %s", i, got, want)
		}
		expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
		expect(t, h, c.Netns, "tcp", testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
		if a := n.Check(t, c, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
		added = append(added, c)
	}
	for _, c := range added {
		n.Del(t, c, nil)
	}
	h.Same(t, before)
}

func TestACrashLoopDoesNotGetTheSameAddressWhileOthersAreFree(t *testing.T) {
	h, n := newDemo(t)
	n = subnet(n, testbed.Config{"subnet": "10.99.0.0/28"})
	seen := map[string]int{}
	for i := range 13 {
		c := testbed.Container{ID: fmt.Sprint("c", i), Netns: h.NewContainer()}
		result := n.Add(t, c)
		seen[result.IPs[0].Address]++
		n.Del(t, c, result.Raw)
	}
	if len(seen) != 13 {
		t.Errorf("13 containers in turn got %v", seen)
	}
}

// TestRecordsOfAFormerBootGiveWay keeps the state on disk and boots, as far as the plugins
// can see: another boot ID, and links, rules and namespaces gone.
func TestRecordsOfAFormerBootGiveWay(t *testing.T) {
	h, n := newDemo(t)
	n = smallPool(n)
	before := h.Snapshot()
	for boot := range 3 {
		n.Wrap = bootID(t, boot)
		var containers []testbed.Container
		for i := range 2 {
			c := testbed.Container{ID: fmt.Sprint("boot", boot, "c", i), Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080 + i, ContainerPort: 80}}}
			n.Add(t, c)
			containers = append(containers, c)
		}
		refused(t, h, n, testbed.Container{ID: "late", Netns: h.NewContainer()}, 11, "2 of 2 in use")
		for _, c := range containers {
			h.Forget(c.Netns)
		}
		h.WaitLinkGone(t, "demo0")
		h.Run("nft", "flush", "ruleset")
		h.Run("ip", "link", "del", "demo0")
	}
	for i := range 2 {
		n.Del(t, testbed.Container{ID: fmt.Sprint("boot2c", i)}, nil)
	}
	h.Same(t, before)
}

// TestPortsOfAFormerBootAreTheHostsOwn has the rules made anew, by repair and by an ADD, while the dead are still in the book.
func TestPortsOfAFormerBootAreTheHostsOwn(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n.Wrap = bootID(t, 1)
	old := testbed.Container{ID: "old", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
	n.Add(t, old)
	h.Forget(old.Netns)
	h.WaitLinkGone(t, "demo0")
	h.Run("nft", "flush", "ruleset")
	h.Run("ip", "link", "del", "demo0")
	n.Wrap = nil
	h.Serve("", "tcp", 8080, "host")
	says(t, h, 0, []string{"restored"}, "repair")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "host", "")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8081, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "host", "")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "web", "")
	n.Del(t, old, nil)
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestAContainerThatComesBackHasItsPortsAgain behind another main plugin, under its former name and without a DEL, and after a boot:
// natport's record of it is still there.
func TestAContainerThatComesBackHasItsPortsAgain(t *testing.T) {
	for _, former := range [][]string{nil, bootID(t, 1)} {
		h, n := newDemo(t)
		n = n.With(0, "type", "bridge").With(0, "ipam", testbed.Config{"type": "static",
			"addresses": []any{testbed.Config{"address": "10.95.0.7/24", "gateway": "10.95.0.1"}}})
		n.Wrap = former
		old := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
		n.Add(t, old)
		h.Forget(old.Netns)
		h.Run("nft", "flush", "ruleset")
		n.Wrap = nil
		attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
		says(t, h, 0, []string{"alive"}, "ls")
		says(t, h, 0, nil, "gc")
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	}
}

// bootID is a command that shows a call another boot ID.
func bootID(t *testing.T, number int) []string {
	path := filepath.Join(t.TempDir(), "boot_id")
	if err := os.WriteFile(path, []byte(fmt.Sprintf("00000000-0000-0000-0000-%012d\n", number)), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"unshare", "--mount", "sh", "-c", `mount --bind ` + path + ` /proc/sys/kernel/random/boot_id && exec "$0" "$@"`}
}

func TestDelegatedIPAMIsCalledForEveryVerb(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	data := t.TempDir()
	n = n.With(0, "ipam", testbed.Config{"type": "host-local", "dataDir": data, "subnet": "10.97.0.0/24",
		"routes": []any{testbed.Config{"dst": "192.0.2.0/24"}}})
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	if a := n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: n.Chain[0].JSON()}); a.Exit != 0 {
		t.Errorf("STATUS: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
	left, _ := filepath.Glob(filepath.Join(data, "demo", "10.*"))
	if len(left) != 0 {
		t.Errorf("host-local still holds %v", left)
	}
	h.Same(t, before)
}

func TestAFailedDelegatedAddLeavesNothing(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{"type": "host-local", "dataDir": t.TempDir(), "subnet": "10.97.0.0/30"})
	c, result := attach(t, h, n, "web")
	refused(t, h, n, testbed.Container{ID: "late", Netns: h.NewContainer()}, 999, "host-local")
	n.Del(t, c, result.Raw)
	refused(t, h, n.With(0, "ipam", testbed.Config{"type": "no-such-plugin"}), c, 7, "no-such-plugin")
}

func TestWithoutIPAMTheAttachmentIsLayerTwoOnly(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	for _, ipam := range []any{nil, testbed.Config{}, testbed.Config{"type": ""}} {
		n := n.With(0, "ipam", ipam)
		c := testbed.Container{ID: "web", Netns: h.NewContainer()}
		result := n.Add(t, c)
		if len(result.IPs) != 0 || len(result.Interfaces) != 3 {
			t.Errorf("result %s", result.Raw)
		}
		if a := n.Check(t, c, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
		n.Del(t, c, result.Raw)
		h.Same(t, before)
	}
}
