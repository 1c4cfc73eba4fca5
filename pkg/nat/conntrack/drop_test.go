package conntrack

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/nlsocket"
	"vethbridge/pkg/nat"
)

// connection is a tracked connection from a client on the LAN: to an address and port, and
// on to what it was translated to.
type connection struct {
	protocol nat.Protocol
	to, on   string
}

func (c connection) flow() *netlink.ConntrackFlow {
	to, on := netip.MustParseAddrPort(c.to), netip.MustParseAddrPort(c.on)
	client := net.ParseIP("198.51.100.7")
	if to.Addr().Is6() {
		client = net.ParseIP("2001:db8:9::7")
	} else {
		client = client.To4()
	}
	f := &netlink.ConntrackFlow{FamilyType: familyOf(to.Addr()), TimeOut: 100}
	f.Forward = netlink.IPTuple{SrcIP: client, DstIP: to.Addr().AsSlice(), SrcPort: 50_000, DstPort: to.Port(), Protocol: uint8(c.protocol)}
	f.Reverse = netlink.IPTuple{SrcIP: on.Addr().AsSlice(), DstIP: client, SrcPort: on.Port(), DstPort: 50_000, Protocol: uint8(c.protocol)}
	if c.protocol == nat.TCP {
		f.ProtoInfo = &netlink.ProtoInfoTCP{State: 3}
	}
	return f
}

func track(t testing.TB, list ...connection) {
	t.Helper()
	for _, c := range list {
		f := c.flow()
		if err := netlink.ConntrackCreate(netlink.ConntrackTable, netlink.InetFamily(f.FamilyType), f); err != nil {
			t.Fatalf("track %v: %v", c, err)
		}
	}
}

// tracked asks the conntrack program, which reads all protocols.
func tracked(t testing.TB) []connection {
	t.Helper()
	var list []connection
	for _, family := range []string{"ipv4", "ipv6"} {
		out, err := exec.Command("conntrack", "-L", "-f", family).Output()
		if err != nil {
			t.Fatalf("conntrack: %v", err)
		}
		for line := range strings.Lines(string(out)) {
			list = append(list, parseLine(t, line))
		}
	}
	return list
}

// parseLine reads a line of two directions, each as "src= dst= sport= dport=".
func parseLine(t testing.TB, line string) connection {
	t.Helper()
	protocol, err := strconv.ParseUint(strings.Fields(line)[1], 10, 8)
	found := direction.FindAllStringSubmatch(line, -1)
	if err != nil || len(found) != 2 {
		t.Fatalf("can't read %q", line)
	}
	to, on := found[0], found[1]
	return connection{nat.Protocol(protocol), net.JoinHostPort(to[2], to[4]), net.JoinHostPort(on[1], on[3])}
}

var direction = regexp.MustCompile(`src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)`)

// socketOf is one of the namespace that the test is in now.
func socketOf(t testing.TB) *nlsocket.Socket {
	t.Helper()
	socket, err := nlsocket.Open(unix.NETLINK_NETFILTER)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(socket.Close)
	return socket
}

// The host of the tests has these addresses, on lo.
func newHost(t testing.TB) {
	t.Helper()
	netnstest.Inside(t)
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"192.0.2.1/32", "192.0.2.2/32", "2001:db8::1/128"} {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		a.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(lo, a); err != nil {
			t.Fatalf("add address %s: %v", text, err)
		}
	}
	awaitLocal(t, net.ParseIP("2001:db8::1"))
}

// awaitLocal waits for the route of an IPv6 address, which the kernel adds in its own time
// (addrconf_dad_work in net/ipv6/addrconf.c).
func awaitLocal(t testing.TB, ip net.IP) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		routes, err := netlink.RouteGet(ip)
		if err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL {
			return
		}
	}
	t.Fatalf("%s has no local route", ip)
}

func mapping(p nat.Protocol, host, target string) nat.Mapping {
	h := netip.MustParseAddrPort(host)
	return nat.Mapping{Protocol: p, Host: h.Addr(), HostPort: h.Port(), Target: netip.MustParseAddrPort(target)}
}

func TestExactlyTheConnectionsOfTheMappingsAreDropped(t *testing.T) {
	everything := []connection{
		{nat.UDP, "192.0.2.1:53", "10.1.0.9:53"},  // of a former holder
		{nat.UDP, "192.0.2.2:53", "192.0.2.2:53"}, // of the host itself
		{nat.UDP, "127.0.0.53:53", "127.0.0.53:53"},
		{nat.UDP, "203.0.113.1:53", "203.0.113.1:53"}, // passing through
		{nat.UDP, "192.0.2.1:54", "10.1.0.9:54"},
		{nat.TCP, "192.0.2.1:53", "10.1.0.9:53"},
		{nat.SCTP, "192.0.2.1:53", "10.1.0.9:53"},
		{nat.UDP, "[2001:db8::1]:53", "[fd01::9]:53"},
		{nat.UDP, "[2001:db8::2]:53", "[2001:db8::2]:53"}, // passing through
	}
	for _, c := range []struct {
		name     string
		mappings []nat.Mapping
		dropped  []int
	}{
		{"nothing", nil, nil},
		{"any IPv4 address", []nat.Mapping{mapping(nat.UDP, "0.0.0.0:53", "10.1.0.2:53")}, []int{0, 1, 2}},
		{"any IPv6 address", []nat.Mapping{mapping(nat.UDP, "[::]:53", "[fd01::2]:53")}, []int{7}},
		{"one address", []nat.Mapping{mapping(nat.UDP, "192.0.2.1:53", "10.1.0.2:53")}, []int{0}},
		{"an address that the host does not have yet", []nat.Mapping{mapping(nat.UDP, "203.0.113.1:53", "10.1.0.2:53")}, []int{3}},
		{"tcp and sctp", []nat.Mapping{mapping(nat.TCP, "0.0.0.0:53", "10.1.0.2:53"), mapping(nat.SCTP, "0.0.0.0:53", "10.1.0.2:53")}, []int{5, 6}},
		{"one port of two addresses", []nat.Mapping{mapping(nat.UDP, "192.0.2.1:53", "10.1.0.2:53"), mapping(nat.UDP, "192.0.2.2:53", "10.1.0.2:54")}, []int{0, 1}},
		{"many ports", manyPorts(), []int{0, 1, 2, 4}},
	} {
		// Whatever the way there is to find them.
		for _, count := range []int{0, 30_000, math.MaxInt} {
			t.Run(fmt.Sprintf("%s, %d tracked", c.name, count), func(t *testing.T) {
				newHost(t)
				track(t, everything...)
				if err := Drop(socketOf(t), c.mappings, count); err != nil {
					t.Fatal(err)
				}
				left := tracked(t)
				for i, conn := range everything {
					if gone := !slices.Contains(left, conn); gone != slices.Contains(c.dropped, i) {
						t.Errorf("%v: dropped is %v", conn, gone)
					}
				}
			})
		}
	}
}

func manyPorts() []nat.Mapping {
	var list []nat.Mapping
	for port := uint16(50); port < 150; port++ {
		m := mapping(nat.UDP, "0.0.0.0:1", "10.1.0.2:1")
		m.HostPort = port
		list = append(list, m)
	}
	return list
}

// TestTheKernelSendsOnlyWhatIsAskedFor is why a full table costs no more than an empty one.
func TestTheKernelSendsOnlyWhatIsAskedFor(t *testing.T) {
	newHost(t)
	trackUnrelated(t, 500)
	mine := connection{nat.TCP, "192.0.2.1:8080", "10.1.0.9:80"}
	track(t, mine)
	host := netip.MustParseAddr("192.0.2.1")
	for _, f := range []filter{
		{protocol: nat.TCP, port: 8080},
		{protocol: nat.TCP, port: 8080, to: host},
		{protocol: nat.TCP, to: host},
		{protocol: nat.TCP, answers: netip.MustParseAddrPort("10.1.0.9:0")},
	} {
		f.family = unix.AF_INET
		var entries []*entry
		err := with(func(table table) (err error) {
			entries, err = table.list(f, func(*entry) bool { return true })
			return err
		})
		if err != nil || len(entries) != 1 || entries[0].To.Port() != 8080 {
			t.Errorf("%+v: %d entries, %v; want 1", f, len(entries), err)
		}
	}
}

// trackUnrelated tracks connections that pass through, to as many hosts.
func trackUnrelated(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, byte(i >> 16), byte(i >> 8), byte(i)}), 443).String()
		track(t, connection{nat.TCP, to, to})
	}
}

// A message without a tuple would flush the whole table.
func TestNoFilterIsEverTakenForEverything(t *testing.T) {
	newHost(t)
	all := []connection{{nat.TCP, "192.0.2.1:80", "10.1.0.2:80"}, {nat.UDP, "[2001:db8::1]:53", "[fd01::2]:53"}}
	track(t, all...)
	for _, f := range []filter{{}, {family: unix.AF_INET}, {family: unix.AF_INET6}, {family: unix.AF_INET6, from: netip.MustParseAddr("fd01::9")}} {
		f.exact = true
		if err := with(func(tb table) error { _, err := tb.flush(f); return err }); err != nil {
			t.Fatal(err)
		}
	}
	sameConnections(t, tracked(t), all)
}
