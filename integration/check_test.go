package integration

import (
	"context"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// breakage is one way in which an attachment can be broken, and a word of the error by
// which CHECK names it.
type breakage struct {
	name, word string
	make       func(h *testbed.Host, c testbed.Container, hostLink string)
}

func breakages() []breakage {
	inside := func(args ...string) func(*testbed.Host, testbed.Container, string) {
		return func(h *testbed.Host, c testbed.Container, _ string) { h.RunIn(c.Netns, args[0], args[1:]...) }
	}
	return []breakage{
		{"ruleset flushed", "table", onHost("nft flush ruleset")},
		{"one mapping deleted", "mapping tcp 0.0.0.0:8080 -> 10.99.0.2:80 is missing",
			onHost("nft delete element inet vethbridge any_ports4 { tcp . 8080 }")},
		{"masquerade deleted", "masquerade 10.99.0.0/24 is missing", onHost("nft delete element inet vethbridge masquerade4 { 10.99.0.0/24 }")},
		{"guard flushed", "guard", onHost("nft flush chain inet vethbridge guard")},
		{"spoof guard gone", "table bridge vethbridge is missing", onHost("nft delete table bridge vethbridge")},
		{"spoof guard flushed", `rule "from another MAC address"`, onHost("nft flush chain bridge vethbridge prerouting")},
		{"one address of the guard gone", "10.99.0.2 is missing", onHost("nft delete element bridge vethbridge senders4 { LINK . 0a:58:0a:63:00:02 . 10.99.0.2 }")},
		{"port out of the guarded group", "device group 0", onHost("ip link set LINK group 0")},
		{"frames for bridges past the guard", "group_fwd_mask 0x0", onHost("ip link set LINK type bridge_slave group_fwd_mask 0")},
		{"port that only learns", "port LINK of bridge demo0 does not forward, it is learning", onHost("bridge link set dev LINK state 2")},
		{"host link renamed", "link LINK is called other0 now", onHost("ip link set LINK down; ip link set LINK name other0; ip link set other0 up")},
		{"wall gone", "closed demo0 is missing", onHost("nft delete element inet vethbridge-walls closed { demo0 }")},
		{"host link down", "is down", onHost("ip link set LINK down")},
		{"host link out of the bridge", "not a port of bridge demo0", onHost("ip link set LINK nomaster")},
		{"host link deleted", "missing", onHost("ip link del LINK")},
		{"bridge down", "bridge demo0 is down", onHost("ip link set demo0 down")},
		{"gateway address gone", "10.99.0.1/24", onHost("ip addr del 10.99.0.1/24 dev demo0")},
		{"IPv6 gateway address gone", "fd99::1/64", onHost("ip addr del fd99::1/64 dev demo0")},
		{"forwarding off", "ip_forward", onHost("sysctl -qw net.ipv4.ip_forward=0")},
		{"forwarding off for the bridge", "net.ipv4.conf.demo0.forwarding is 0", onHost("sysctl -qw net.ipv4.conf.demo0.forwarding=0")},
		{"localhost off", "route_localnet", onHost("sysctl -qw net.ipv4.conf.demo0.route_localnet=0")},
		{"address gone in the container", "10.99.0.2/24", inside("ip", "addr", "del", "10.99.0.2/24", "dev", "eth0")},
		{"no ARP in the container", "asks for no neighbours (NOARP)", inside("ip", "link", "set", "eth0", "arp", "off")},
		{"default route gone in the container", "0.0.0.0/0 via 10.99.0.1", inside("ip", "route", "del", "default")},
		{"lease gone", "check leases: there are 0 of demo/web/eth0", func(h *testbed.Host, _ testbed.Container, _ string) { releaseLease(h) }},
		{"state file gone", "there is no record of it", func(h *testbed.Host, _ testbed.Container, link string) {
			h.Run("ip", "link", "set", link, "alias", "")
			h.Run("rm", "-r", h.StateDir)
			h.Run("sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0") // how it was is lost
		}},
		{"port isolated", "is isolated: true, want false", onHost("bridge link set dev LINK isolated on")},
		{"container link down", "eth0 in the container", inside("ip", "link", "set", "eth0", "down")},
		{"container link gone", "missing", inside("ip", "link", "del", "eth0")},
		{"container MTU changed", "MTU", inside("ip", "link", "set", "eth0", "mtu", "1400")},
		{"container MAC changed", "MAC", inside("ip", "link", "set", "eth0", "address", "02:00:00:00:00:09")},
	}
}

func TestCheckNamesWhatIsBroken(t *testing.T) {
	for _, b := range breakages() {
		t.Run(b.name, func(t *testing.T) {
			h, n := newDemo(t)
			n = n.With(0, "mtu", 1500)
			before := h.Snapshot()
			c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			checkNames(t, h, n, c, result, b)
			n.Del(t, c, result.Raw)
			h.Same(t, before)
		})
	}
}

// releaseLease gives the addresses back behind the attachment's back.
func releaseLease(h *testbed.Host) {
	store, err := state.Open(h.StateDir)
	if err == nil {
		err = store.Update(context.Background(), func(tx *state.Tx) error {
			return ipam.Release(tx, attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"})
		})
	}
	if err != nil {
		h.T().Fatal(err)
	}
}

// TestCheckNamesWhatIsBrokenOnLayerTwo is about a network without addresses, where the reference
// plugin looks at nothing.
func TestCheckNamesWhatIsBrokenOnLayerTwo(t *testing.T) {
	for _, b := range []breakage{
		{"hairpin mode off", "hairpin mode off", onHost("bridge link set dev LINK hairpin off")},
		{"isolation off", "is isolated: false, want true", onHost("bridge link set dev LINK isolated off")},
		{"out of the bridge", "not a port of bridge demo0", onHost("ip link set LINK nomaster")},
		{"host link down", "is down", onHost("ip link set LINK down")},
		{"host link of another alias", `carries the alias "theirs"`, onHost("ip link set LINK alias theirs")},
		{"MTU of the host link", "has MTU 1300, not 1500", onHost("ip link set LINK mtu 1300")},
		{"out of the guarded group", "device group 0", onHost("ip link set LINK group 0")},
		{"MAC address not guarded", "macs LINK", onHost("nft flush set bridge vethbridge macs")},
		{"any address not allowed", "any_address LINK is missing", onHost("nft flush set bridge vethbridge any_address")},
		{"walls gone", "table inet vethbridge-walls is missing", onHost("nft delete table inet vethbridge-walls")},
		{"bridge gone", "check bridge: demo0 is missing", onHost("ip link del demo0")},
		{"container MAC changed", "MAC", func(h *testbed.Host, c testbed.Container, _ string) {
			h.RunIn(c.Netns, "ip", "link", "set", "eth0", "address", "02:00:00:00:00:09")
		}},
		{"container link gone", "eth0 is missing in the container", func(h *testbed.Host, c testbed.Container, _ string) {
			h.RunIn(c.Netns, "ip", "link", "set", "eth0", "down")
			h.RunIn(c.Netns, "ip", "link", "set", "eth0", "name", "other")
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			h, n := newDemo(t)
			n.Chain = n.Chain[:1]
			n = n.With(0, "ipam", nil).With(0, "isDefaultGateway", nil).With(0, "mtu", 1500).With(0, "hairpinMode", true).With(0, "portIsolation", true)
			before := h.Snapshot()
			c := testbed.Container{ID: "web", Netns: h.NewContainer()}
			checkNames(t, h, n, c, n.Add(t, c), b)
			n.Del(t, c, nil)
			h.Same(t, before)
		})
	}
}

// onHost breaks something by a command, with LINK for the host's end of the port.
func onHost(command string) func(*testbed.Host, testbed.Container, string) {
	return func(h *testbed.Host, _ testbed.Container, link string) {
		h.Run("sh", "-ec", strings.ReplaceAll(command, "LINK", link))
	}
}

// checkNames wants CHECK to pass, and to name what is broken then.
func checkNames(t *testing.T, h *testbed.Host, n testbed.Network, c testbed.Container, result testbed.Result, b breakage) {
	t.Helper()
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Fatalf("right after ADD: %s", a.Stdout)
	}
	link := result.Interfaces[1].Name
	b.make(h, c, link)
	word := strings.ReplaceAll(b.word, "LINK", link)
	if e, ok := n.Check(t, c, result.Raw).Error(); !ok || e.Code != 104 || !strings.Contains(e.Message, word) {
		t.Errorf("CHECK: %+v; want code 104 and the words %q", e, word)
	}
}

func TestCheckPassesAfterOthersCameAndWentAndAfterAnotherPluginAddedARoute(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
	n.Del(t, db, dbResult.Raw)
	h.RunIn(c.Netns, "ip", "route", "add", "192.0.2.0/24", "via", "10.99.0.1")
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
}

// TestTheNextAddRestoresWhatAFlushTookFromAll, and so does the next DEL for those that stay.
func TestTheNextAddRestoresWhatAFlushTookFromAll(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	h.Run("nft", "flush", "ruleset")
	if !h.Silent(h.LAN, "tcp", testbed.HostAddr4, 8080) {
		t.Error("the port answers without any rule")
	}
	db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "db", "")
	if a := n.Check(t, web, webResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the first: %s", a.Stdout)
	}
	h.Run("nft", "flush", "ruleset")
	n.Del(t, web, webResult.Raw)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "db", "")
	if a := n.Check(t, db, dbResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK of the one that stays: %s", a.Stdout)
	}
	n.Del(t, db, dbResult.Raw)
	h.Same(t, before)
}

// TestCheckNamesAWallThatTheConfigNoLongerAsksFor, which stands as long as the attachment.
func TestCheckNamesAWallThatTheConfigNoLongerAsksFor(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n.With(0, "hostAccess", "gateway"), "web")
	if e, _ := n.Check(t, c, result.Raw).Error(); e.Code != 104 || !strings.Contains(e.Message, "demo/web/eth0 is recorded with another one than its config asks for") {
		t.Errorf("CHECK: %+v", e)
	}
	n.Del(t, c, result.Raw)
}
