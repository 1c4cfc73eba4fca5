package integration

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

func TestUplinkThatCannotBeOneIsRefused(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "link", "add", "other0", "type", "bridge")
	h.Run("ip", "link", "add", "spare0", "type", "veth", "peer", "name", "spare1")
	h.Run("ip", "link", "set", "spare0", "master", "other0")
	h.Run("ip", "link", "set", "spare1", "mtu", "1400")
	h.Run("ip", "route", "add", "192.0.2.0/24", "nexthop", "via", testbed.LANAddr4, "nexthop", "via", "198.51.100.9")
	moving := lanNetwork(n).With(0, "uplinkMoveAddresses", true)
	for _, r := range []struct {
		n     testbed.Network
		code  int
		words string
	}{
		{moving.With(0, "uplink", nil), 7, `uplinkMoveAddresses "true": needs the key "uplink"`},
		{moving.With(0, "uplink", "up;link"), 7, "uplink"},
		{moving.With(0, "uplink", "demo0"), 7, "is the name of the bridge itself"},
		{moving.With(0, "uplink", "nowhere0"), 7, "there is no link nowhere0 to be the uplink"},
		{moving.With(0, "uplink", "spare0"), 105, "uplink spare0 is a port of other0 already"},
		{moving.With(0, "uplink", "spare1").With(0, "mtu", 1500), 7, "MTU 1500 of the port is larger than MTU 1400 of uplink spare1"},
		{moving, 105, "route 192.0.2.0/24 of uplink has several next hops"},
		{moving.With(0, "uplink", "lo"), 7, "uplink"},
	} {
		refused(t, h, r.n, testbed.Container{ID: "web", Netns: h.NewContainer()}, r.code, r.words)
	}
}

func TestBridgeHasTheUplinksMACWhileItHasItsAddresses(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "link", "add", "demo0", "address", "02:00:00:00:00:07", "type", "bridge")
	n = lanNetwork(n).With(0, "uplinkMoveAddresses", true)
	c, result := attach(t, h, n, "web")
	if mac := strings.Fields(h.Run("ip", "-br", "link", "show", "dev", "uplink"))[2]; result.Interfaces[0].Mac != mac {
		t.Errorf("the result names the bridge's MAC %s, want the uplink's: %s", result.Interfaces[0].Mac, mac)
	}
	n.Del(t, c, result.Raw)
	if link := h.Run("ip", "link", "show", "dev", "demo0"); !strings.Contains(link, "02:00:00:00:00:07") {
		t.Errorf("the bridge's own MAC is not back: %s", link)
	}
}

func TestUplinkInTheBridgeByAnotherHandStaysThere(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "addr", "flush", "dev", "uplink", "scope", "global")
	h.Run("ip", "link", "add", "demo0", "type", "bridge")
	h.Run("ip", "link", "set", "demo0", "up")
	h.Run("ip", "link", "set", "uplink", "master", "demo0")
	h.Serve(h.LAN, "tcp", 7000, "lan")
	n = lanNetwork(n)
	c, result := attach(t, h, n, "web")
	standsOnTheLAN(t, h, c, lanWeb4, lanWeb6)
	n.Del(t, c, result.Raw)
	if ports := h.Run("ip", "-br", "link", "show", "master", "demo0"); !strings.HasPrefix(ports, "uplink") {
		t.Errorf("ports after DEL: %q", ports)
	}
}

func TestCheckNamesAnUplinkThatLeftTheBridgeAndTheNextAddBringsItBack(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n = lanNetwork(n).With(0, "uplinkMoveAddresses", true)
	h.Serve(h.LAN, "tcp", 7000, "lan")
	c, result := attach(t, h, n, "web")
	h.Run("ip", "link", "set", "uplink", "nomaster")
	if e, _ := n.Check(t, c, result.Raw).Error(); e.Code != 104 || !strings.Contains(e.Message, "uplink uplink is not a port of bridge demo0") {
		t.Errorf("CHECK: %+v", e)
	}
	db, dbResult := attach(t, h, n, "db")
	standsOnTheLAN(t, h, c, lanWeb4, lanWeb6)
	n.Del(t, db, dbResult.Raw)
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestDHCPServerOfTheLANGivesAddresses has the server behind the uplink.
func TestDHCPServerOfTheLANGivesAddresses(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	dir := t.TempDir()
	background(t, "nsenter", "--net="+h.LAN, "dnsmasq", "--keep-in-foreground", "--port=0", "--interface=eth0", "--bind-interfaces",
		"--dhcp-range=198.51.100.80,198.51.100.90", "--dhcp-leasefile="+filepath.Join(dir, "leases"), "--conf-file=/dev/null", "--pid-file=", "--user=root")
	socket := filepath.Join(dir, "dhcp.sock")
	background(t, filepath.Join(string(built), "dhcp"), "daemon", "-socketpath", socket)
	waitFile(t, socket)
	n = lanNetwork(n).With(0, "uplinkMoveAddresses", true).With(0, "ipam", testbed.Config{"type": "dhcp", "daemonSocketPath": socket})
	c, result := attach(t, h, n, "web")
	address := netip.MustParsePrefix(result.IPs[0].Address).Addr().String()
	expect(t, h, h.LAN, "tcp", address, 80, "web", testbed.LANAddr4)
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestBridgeHearsTheRoutersOfTheUplinkItStandsFor has a router whose advertisements gave the
// host its default route, and would let it expire if nobody heard them any more.
func TestBridgeHearsTheRoutersOfTheUplinkItStandsFor(t *testing.T) {
	h, n := newDemo(t)
	advertise(t, h)
	advertised := func(dev string) bool {
		return strings.Contains(h.Run("ip", "-6", "route", "show", "default", "dev", dev), "proto ra")
	}
	testbed.Await(t, "a default route by the uplink", func() bool { return advertised("uplink") })
	n = lanNetwork(n).With(0, "uplinkMoveAddresses", true).With(0, "removeBridge", nil)
	c, result := attach(t, h, n, "web")
	h.Run("ip", "-6", "route", "del", "default", "dev", "demo0")
	testbed.Await(t, "the bridge to hear the router", func() bool { return advertised("demo0") })
	n.Del(t, c, result.Raw)
	if advertised("demo0") || !advertised("uplink") {
		t.Errorf("routes after DEL: %s", h.Run("ip", "-6", "route"))
	}
	if left := h.Run("ip", "-o", "addr", "show", "dev", "demo0", "scope", "global"); left != "" {
		t.Errorf("left on the bridge: %s", left)
	}
}

// advertise has a router on the LAN that tells the host its default route every few seconds.
func advertise(t *testing.T, h *testbed.Host) {
	t.Helper()
	h.Run("ip", "-6", "route", "del", "default")
	background(t, "nsenter", "--net="+h.LAN, "dnsmasq", "--keep-in-foreground", "--port=0", "--interface=eth0", "--bind-interfaces",
		"--enable-ra", "--dhcp-range=2001:db8:1::,ra-only", "--ra-param=eth0,4,1800", "--conf-file=/dev/null", "--pid-file=", "--user=root")
}
