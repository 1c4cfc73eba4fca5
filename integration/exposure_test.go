package integration

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// Another LAN behind the host, by a link of its own.
const (
	hostOnLAN2, lan2Addr4  = "192.0.2.1", "192.0.2.2"
	hostOnLAN26, lan2Addr6 = "2001:db8:2::1", "2001:db8:2::2"
)

// secondLAN returns the namespace of a network that the first LAN has routes to by the host.
func secondLAN(h *testbed.Host) string {
	lan2 := h.NewContainer()
	h.Run("ip", "link", "add", "uplink2", "type", "veth", "peer", "name", "eth0", "netns", lan2)
	for _, c := range []string{
		"ip addr add " + hostOnLAN2 + "/24 dev uplink2", "ip addr add " + hostOnLAN26 + "/64 dev uplink2 nodad", "ip link set uplink2 up",
	} {
		h.Run("sh", "-c", c)
	}
	for _, c := range []string{
		"ip addr add " + lan2Addr4 + "/24 dev eth0", "ip addr add " + lan2Addr6 + "/64 dev eth0 nodad", "ip link set eth0 up",
		"ip route add default via " + hostOnLAN2, "ip -6 route add default via " + hostOnLAN26,
	} {
		h.RunIn(lan2, "sh", "-c", c)
	}
	h.WaitCarrier("uplink2")
	h.RunIn(h.LAN, "ip", "route", "add", "192.0.2.0/24", "via", testbed.HostAddr4)
	h.RunIn(h.LAN, "ip", "-6", "route", "add", "2001:db8:2::/64", "via", testbed.HostAddr6)
	h.RunIn(h.LAN, "ip", "route", "add", "172.30.0.0/24", "via", testbed.HostAddr4)
	h.Serve(h.LAN, "tcp", 7000, "lan")
	h.Serve(lan2, "tcp", 7000, "lan2")
	return lan2
}

// TestTheHostRoutesForContainersOnly: it must forward for them, and was no router before. What
// came later and is somebody else's is none of our business.
func TestTheHostRoutesForContainersOnly(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipMasq", true)
	lan2 := secondLAN(h)
	untouched := h.Snapshot()
	closed := func(when string) {
		t.Helper()
		for _, host := range []string{lan2Addr4, lan2Addr6} {
			if !h.Silent(h.LAN, "tcp", host, 7000) {
				t.Errorf("%s: the host routes from one LAN to %s on the other", when, host)
			}
		}
		if !h.Silent(lan2, "tcp", testbed.LANAddr4, 7000) {
			t.Errorf("%s: the host routes back", when)
		}
	}
	closed("before")
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	open := func(when string) {
		t.Helper()
		expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
		expect(t, h, web.Netns, "tcp", lan2Addr6, 7000, "lan2", hostOnLAN26)
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
		expect(t, h, lan2, "tcp", hostOnLAN26, 8080, "web", lan2Addr6)
	}
	closed("with a container")
	open("with a container")
	db, dbResult := attach(t, h, n, "db")
	if a := n.Check(t, db, dbResult.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	closed("with two containers")
	n.Del(t, db, dbResult.Raw)
	closed("with one left")
	open("with one left")
	h.Run("rm", h.StateDir+"/state.db") // the next call finds out by the kernel
	other, otherResult := attach(t, h, n, "other")
	closed("after the state file was lost")
	n.Del(t, other, otherResult.Raw)
	closed("after the state file was lost")
	stranger := bridgeOfSomeoneElse(h)
	expect(t, h, h.LAN, "tcp", "172.30.0.2", 7000, "stranger", testbed.LANAddr4)
	expect(t, h, stranger, "tcp", lan2Addr4, 7000, "lan2", "")
	h.Run("ip", "link", "del", "port0")
	h.Run("ip", "link", "del", "docker0")
	n.Del(t, web, result.Raw)
	h.Same(t, untouched)
}

// bridgeOfSomeoneElse is what other container software makes once it sees the host forward.
func bridgeOfSomeoneElse(h *testbed.Host) string {
	container := h.NewContainer()
	for _, c := range []string{
		"ip link add docker0 type bridge", "ip addr add 172.30.0.1/24 dev docker0", "ip link set docker0 up",
		"ip link add port0 type veth peer name eth0 netns " + container, "ip link set port0 master docker0 up",
	} {
		h.Run("sh", "-c", c)
	}
	for _, c := range []string{"ip addr add 172.30.0.2/24 dev eth0", "ip link set eth0 up", "ip route add default via 172.30.0.1"} {
		h.RunIn(container, "sh", "-c", c)
	}
	h.RunIn(container, "ip", "link", "set", "lo", "up")
	h.Serve(container, "tcp", 7000, "stranger")
	return container
}

// TestARouterStaysOne is the same host, whose administrator wants it to route.
func TestARouterStaysOne(t *testing.T) {
	h, n := newDemo(t)
	secondLAN(h)
	h.Sysctl("net/ipv4/ip_forward", "1")
	h.Sysctl("net/ipv6/conf/all/forwarding", "1")
	before := h.Snapshot()
	routes := func() {
		t.Helper()
		for _, host := range []string{lan2Addr4, lan2Addr6} {
			expect(t, h, h.LAN, "tcp", host, 7000, "lan2", "")
		}
	}
	routes()
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	routes()
	n.Del(t, web, result.Raw)
	routes()
	h.Same(t, before)
}

// TestNothingForgedReachesTheLoopbackOfTheHost has a container and the LAN send packets that
// claim to come from 127.0.0.1, or are for it, to services of the host that listen there and
// to ports published there.
func TestNothingForgedReachesTheLoopbackOfTheHost(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80},
			testbed.Port{HostPort: 5353, ContainerPort: 53, Protocol: "udp", HostIP: "127.0.0.1"})
		db, dbResult := attach(t, h, n.With(0, "spoofGuard", false), "db")
		h.Sysctl("net/ipv4/conf/all/route_localnet", "1") // more than we ever set
		h.Sysctl("net/ipv4/conf/all/rp_filter", "0")
		for name, a := range map[string]struct {
			netns   string
			address netip.Addr
			device  string
		}{
			"a container": {db.Netns, netip.MustParseAddr("10.99.0.3"), "demo0"},
			"the LAN":     {h.LAN, netip.MustParseAddr(testbed.LANAddr4), "uplink"},
		} {
			for _, port := range []uint16{6000, 5353} {
				frames := forgedLoopback(linkMAC(h, "", a.device), linkMAC(h, a.netns, "eth0"), a.address, port)
				if heard := hears(t, h, web.Netns, a.netns, frames); heard != "" {
					t.Errorf("%s gets %q through to port %d", name, heard, port)
				}
			}
		}
		honest := testbed.Ether(linkMAC(h, "", "uplink"), linkMAC(h, h.LAN, "eth0"), unix.ETH_P_IPV6,
			udp(netip.MustParseAddr(testbed.LANAddr6), 7, netip.MustParseAddr(testbed.HostAddr6), 6000, "honest"))
		if heard := hears(t, h, web.Netns, h.LAN, []testbed.Frame{honest}); heard != "honest" {
			t.Errorf("an honest packet is heard as %q: this test shows nothing", heard)
		}
		h.Sysctl("net/ipv4/conf/all/route_localnet", "0")
		n.Del(t, db, dbResult.Raw)
		n.Del(t, web, result.Raw)
	})
}

func forgedLoopback(to, from net.HardwareAddr, sender netip.Addr, port uint16) []testbed.Frame {
	// The kernel itself refuses addresses that its links have as senders, 127.0.0.1 among them.
	local, other := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.53")
	hostAddr := netip.MustParseAddr(testbed.HostAddr4)
	local6, hostAddr6, sender6 := netip.IPv6Loopback(), netip.MustParseAddr(testbed.HostAddr6), netip.MustParseAddr("2001:db8:1::2")
	return []testbed.Frame{
		testbed.Ether(to, from, unix.ETH_P_IP, udp(sender, 7, local, port, "to loopback")),
		testbed.Ether(to, from, unix.ETH_P_IP, udp(local, 7, hostAddr, port, "as 127.0.0.1")),
		testbed.Ether(to, from, unix.ETH_P_IP, udp(other, 7, hostAddr, port, "as loopback")),
		testbed.Ether(to, from, unix.ETH_P_IP, udp(other, 7, local, port, "as and to loopback")),
		testbed.Ether(to, from, unix.ETH_P_IPV6, udp(sender6, 7, local6, port, "to ::1")),
		testbed.Ether(to, from, unix.ETH_P_IPV6, udp(local6, 7, hostAddr6, port, "as ::1")),
		testbed.Ether(to, from, unix.ETH_P_IPV6, udp(local6, 7, local6, port, "as and to ::1")),
	}
}

func linkMAC(h *testbed.Host, path, dev string) net.HardwareAddr {
	var found net.HardwareAddr
	read := func() error {
		link, err := net.InterfaceByName(dev)
		if err == nil {
			found = link.HardwareAddr
		}
		return err
	}
	if path == "" {
		if err := read(); err != nil {
			h.T().Fatal(err)
		}
		return found
	}
	if err := h.In(path, read); err != nil {
		h.T().Fatal(err)
	}
	return found
}

// hears sends frames from a namespace and returns what a service on port 6000 of any of the
// host's addresses, or one on port 53 of the container, has heard before it hears the host.
func hears(t *testing.T, h *testbed.Host, container, from string, frames []testbed.Frame) string {
	t.Helper()
	service, err := net.ListenPacket("udp", ":6000")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	var inside net.PacketConn
	if err := h.In(container, func() (err error) {
		inside, err = net.ListenPacket("udp4", web4+":53")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	h.Send(from, "eth0", frames...)
	return heard(t, service, "127.0.0.1:6000") + heard(t, inside, "127.0.0.1:5353")
}

// heard sends a last message from the host and returns those that came before it.
func heard(t *testing.T, service net.PacketConn, address string) string {
	t.Helper()
	c, err := net.Dial("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	var all []string
	buffer := make([]byte, 100)
	for {
		_ = service.SetReadDeadline(time.Now().Add(time.Minute))
		n, _, err := service.ReadFrom(buffer)
		if err != nil {
			t.Fatalf("the host itself is not heard: %v", err)
		}
		if string(buffer[:n]) == "last" {
			return strings.Join(all, ", ")
		}
		all = append(all, string(buffer[:n]))
	}
}

// TestTransitIsNotCaught: a port that is published here is not that of another host, to which a
// packet is on its way through here.
func TestTransitIsNotCaught(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 7001, HostPortEnd: 7003, ContainerPort: 7001})
		for _, port := range []int{8080, 7002} {
			h.Serve(h.LAN, "tcp", port, "lan")
			expect(t, h, web.Netns, "tcp", testbed.LANAddr4, port, "lan", "")
			expect(t, h, "", "tcp", testbed.LANAddr4, port, "lan", "")
		}
		n.Del(t, web, result.Raw)
		h.StopServing()
	})
}

func TestABridgeWithoutIPv6HasNoIPv6Address(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/24"}}}})
	web, result := attach(t, h, n, "web")
	if out := h.Run("ip", "-6", "address", "show", "dev", "demo0"); out != "" {
		t.Errorf("the bridge has %s", out)
	}
	expect(t, h, web.Netns, "tcp", "10.99.0.2", 80, "web", "")
	n.Del(t, web, result.Raw)
}
