package integration

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// forged is what an attacker sends, and whether it is his right.
type forged struct {
	name  string
	right bool
	frame testbed.Frame
}

// The attacker is the second container of the demo network, the victim the first.
var (
	evilMAC, victimMAC   = mac("0a:58:0a:63:00:03"), mac("0a:58:0a:63:00:02")
	evil4, victim4       = netip.MustParseAddr("10.99.0.3"), netip.MustParseAddr(web4)
	evil6, victim6       = netip.MustParseAddr("fd99::3"), netip.MustParseAddr(web6)
	evilLocal, allNodes  = netip.MustParseAddr("fe80::858:aff:fe63:3"), netip.MustParseAddr("ff02::1")
	gateway4, gateway6   = netip.MustParseAddr("10.99.0.1"), netip.MustParseAddr("fd99::1")
	none4, none6         = netip.IPv4Unspecified(), netip.IPv6Unspecified()
	everybody4           = netip.MustParseAddr("255.255.255.255")
	everybody, listeners = mac("ff:ff:ff:ff:ff:ff"), mac("33:33:00:00:00:01")
)

func mac(s string) net.HardwareAddr {
	m, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func udp(from netip.Addr, fromPort uint16, to netip.Addr, toPort uint16, text string) []byte {
	return testbed.UDP(netip.AddrPortFrom(from, fromPort), netip.AddrPortFrom(to, toPort), text)
}

func attempts() []forged {
	return slices.Concat(linkAttempts(), arpAttempts(), ipv4Attempts(), ipv6Attempts())
}

func linkAttempts() []forged {
	tagged := append([]byte{0, 1, 8, 0}, udp(evil4, 7, victim4, 7, "tagged")...)
	return []forged{
		{"another MAC address", false, testbed.Ether(victimMAC, mac("02:00:00:00:00:99"), unix.ETH_P_IP, udp(evil4, 7, victim4, 7, "mac"))},
		{"the victim's MAC address", false, testbed.Ether(everybody, victimMAC, unix.ETH_P_IP, udp(evil4, 7, everybody4, 7, "mac"))},
		{"a VLAN tag", false, testbed.Ether(victimMAC, evilMAC, unix.ETH_P_8021Q, tagged)},
		{"a VLAN tag of a provider (802.1ad)", false, testbed.Ether(victimMAC, evilMAC, 0x88a8, tagged)},
		{"a VLAN tag that says a priority only", false, testbed.Ether(victimMAC, evilMAC, unix.ETH_P_8021Q, append([]byte{0xe0, 0, 8, 0}, udp(gateway4, 7, victim4, 7, "priority")...))},
		{"PPPoE discovery", false, testbed.Ether(everybody, evilMAC, 0x8863, make([]byte, 46))},
		{"LLDP", false, testbed.Ether(everybody, evilMAC, 0x88cc, make([]byte, 46))},
		{"RARP", false, testbed.Ether(everybody, evilMAC, 0x8035, testbed.ARP(3, evilMAC, evil4, evil4))},
		{"another MAC address, IPv6", false, testbed.Ether(listeners, mac("02:00:00:00:00:99"), unix.ETH_P_IPV6, udp(evil6, 7, victim6, 7, "mac"))},
		{"another MAC address, ICMPv6", false, testbed.Ether(listeners, mac("02:00:00:00:00:99"), unix.ETH_P_IPV6, testbed.ICMPv6(136, evil6, allNodes, evil6))},
		{"another MAC address, ARP", false, testbed.Ether(everybody, mac("02:00:00:00:00:99"), unix.ETH_P_ARP, testbed.ARP(1, evilMAC, evil4, victim4))},
		{"a length instead of a type", false, testbed.Ether(everybody, evilMAC, 38, append([]byte{0x42, 0x42, 3}, make([]byte, 35)...))},
	}
}

func arpAttempts() []forged {
	arp := func(operation uint16, m net.HardwareAddr, sender, target netip.Addr) testbed.Frame {
		return testbed.Ether(everybody, evilMAC, unix.ETH_P_ARP, testbed.ARP(operation, m, sender, target))
	}
	return []forged{
		{"ARP as the gateway", false, arp(2, evilMAC, gateway4, victim4)},
		{"ARP as the victim", false, arp(1, evilMAC, victim4, victim4)},
		{"ARP for another MAC address", false, arp(2, mac("02:00:00:00:00:99"), evil4, victim4)},
		{"ARP of another network type", false, testbed.Ether(everybody, evilMAC, unix.ETH_P_ARP, append([]byte{0, 6}, testbed.ARP(2, evilMAC, evil4, victim4)[2:]...))},
		{"ARP reply of no address", false, arp(2, evilMAC, none4, victim4)},
		{"ARP probe for the victim's address", false, arp(1, evilMAC, none4, victim4)},
		{"ARP request", true, arp(1, evilMAC, evil4, victim4)},
		{"gratuitous ARP", true, arp(1, evilMAC, evil4, evil4)},
		{"ARP probe", true, arp(1, evilMAC, none4, evil4)},
	}
}

func ipv4Attempts() []forged {
	ip := func(to net.HardwareAddr, packet []byte) testbed.Frame {
		return testbed.Ether(to, evilMAC, unix.ETH_P_IP, packet)
	}
	return []forged{
		{"IPv4 as the gateway", false, ip(victimMAC, udp(gateway4, 7, victim4, 7, "gw"))},
		{"IPv4 from elsewhere", false, ip(victimMAC, udp(netip.MustParseAddr("192.0.2.9"), 7, victim4, 7, "x"))},
		{"DHCP server", false, ip(everybody, udp(evil4, 67, everybody4, 68, "offer"))},
		{"DHCP server without an address", false, ip(everybody, udp(none4, 67, everybody4, 68, "offer"))},
		{"IPv4 from the victim's address", false, ip(victimMAC, udp(victim4, 7, victim4, 7, "own"))},
		{"IPv4 from the loopback", false, ip(victimMAC, udp(netip.MustParseAddr("127.0.0.1"), 7, victim4, 7, "lo"))},
		{"redirect as the gateway", false, ip(victimMAC, redirect4())},
		{"multicast query", false, ip(mac("01:00:5e:00:00:01"), query4())},
		{"IPv4 without an address", false, ip(victimMAC, udp(none4, 7, victim4, 7, "none"))},
		{"DHCP client", true, ip(everybody, udp(none4, 68, everybody4, 67, "discover"))},
		{"IPv4 to everybody", true, ip(everybody, udp(evil4, 7, everybody4, 7, "all"))},
		{"IPv4", true, ip(victimMAC, udp(evil4, 7, victim4, 7, "own"))},
	}
}

func ipv6Attempts() []forged {
	ip := func(packet []byte) testbed.Frame { return testbed.Ether(listeners, evilMAC, unix.ETH_P_IPV6, packet) }
	report := slices.Concat([]byte{143, 0, 0, 0, 0, 0, 0, 0})
	return []forged{
		{"IPv6 as the gateway", false, ip(udp(gateway6, 7, victim6, 7, "gw"))},
		{"IPv6 as the victim", false, ip(udp(victim6, 7, gateway6, 7, "victim"))},
		{"router advertisement from its own address", false, ip(testbed.ICMPv6(134, evil6, allNodes, none6))},
		{"router advertisement", false, ip(testbed.ICMPv6(134, evilLocal, allNodes, none6))},
		{"hidden router advertisement", false, ip(testbed.HiddenICMPv6(134, evilLocal, allNodes, none6))},
		{"multicast query", false, ip(query6())},
		{"redirect", false, ip(testbed.ICMPv6(137, evilLocal, victim6, gateway6))},
		{"advertisement of the gateway", false, ip(testbed.ICMPv6(136, evil6, allNodes, gateway6))},
		{"hidden advertisement of the gateway", false, ip(testbed.HiddenICMPv6(136, evil6, allNodes, gateway6))},
		{"advertisement as the victim", false, ip(testbed.ICMPv6(136, victim6, allNodes, victim6))},
		{"detection of the victim's address", false, ip(testbed.ICMPv6(135, none6, allNodes, victim6))},
		{"advertisement from no address", false, ip(testbed.ICMPv6(136, none6, allNodes, victim6))},
		{"DHCPv6 server", false, ip(udp(evilLocal, 547, allNodes, 546, "reply"))},
		{"IPv6", true, ip(udp(evil6, 7, victim6, 7, "own"))},
		{"link-local IPv6", true, ip(udp(evilLocal, 7, victim6, 7, "own"))},
		{"solicitation", true, ip(testbed.ICMPv6(135, evil6, allNodes, victim6))},
		{"advertisement of its own", true, ip(testbed.ICMPv6(136, evil6, allNodes, evil6))},
		{"detection of its own address", true, ip(testbed.ICMPv6(135, none6, allNodes, evil6))},
		{"multicast listener report", true, ip(testbed.IPv6(unix.IPPROTO_ICMPV6, none6, allNodes, report))},
	}
}

// redirect4 tells the victim, as the gateway, to reach the LAN by the attacker (RFC 792): an answer to a
// ping is what the kernel believes without a socket (icmp_err in net/ipv4/icmp.c).
func redirect4() []byte {
	about := testbed.ICMPv4(0, 0, victim4, netip.MustParseAddr(testbed.LANAddr4), make([]byte, 4))
	return testbed.ICMPv4(5, 1, gateway4, victim4, slices.Concat(evil4.AsSlice(), about))
}

// query4 and query6 ask who listens to multicasts, as routers do (RFC 2236, RFC 2710); answers have ten
// seconds and more.
func query4() []byte {
	return testbed.IPv4(unix.IPPROTO_IGMP, evil4, netip.MustParseAddr("224.0.0.1"), []byte{0x11, 100, 0xee, 0x9b, 0, 0, 0, 0})
}

func query6() []byte { return testbed.HiddenICMPv6(130, evilLocal, allNodes, none6) }

// attack returns what of the attempts has arrived at the victim.
func attack(t *testing.T, h *testbed.Host, victim, evil string, list []forged) []bool {
	t.Helper()
	var frames []testbed.Frame
	for _, f := range list {
		frames = append(frames, f.frame)
	}
	last := testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IP, udp(evil4, 7, victim4, 7, "last"))
	return h.Arriving(evil, "eth0", victim, "eth0", frames, last)
}

func TestAContainerCantSpeakForOthers(t *testing.T) {
	withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		before := h.Snapshot()
		victim, victimResult := attach(t, h, n, "victim")
		evil, evilResult := attach(t, h, n, "evil")
		onlyWhatIsRight(t, h, victim.Netns, evil.Netns)
		n.Del(t, evil, evilResult.Raw)
		n.Del(t, victim, victimResult.Raw)
		h.Same(t, before)
	})
}

// withAndWithoutBridgeFilter runs a test on a host with br_netfilter on its bridges, and on one without.
func withAndWithoutBridgeFilter(t *testing.T, test func(*testing.T, *testbed.Host, testbed.Network)) {
	for _, filtered := range []string{"0", "1"} {
		t.Run("bridge-nf-call-iptables="+filtered, func(t *testing.T) {
			h, n := newDemo(t)
			h.Sysctl("net/bridge/bridge-nf-call-iptables", filtered)
			h.Sysctl("net/bridge/bridge-nf-call-ip6tables", filtered)
			test(t, h, n)
		})
	}
}

// onlyWhatIsRight tries everything, and wants what is the attacker's right to arrive and nothing else.
func onlyWhatIsRight(t *testing.T, h *testbed.Host, victim, evil string) {
	t.Helper()
	for i, arrived := range attack(t, h, victim, evil, attempts()) {
		if f := attempts()[i]; arrived != f.right {
			t.Errorf("%s: arrived is %t, want %t", f.name, arrived, f.right)
		}
	}
}

// TestWithoutTheGuardAllOfItArrives shows that the attempts of the other tests are real.
func TestWithoutTheGuardAllOfItArrives(t *testing.T) {
	h, n := newDemo(t)
	h.Sysctl("net/bridge/bridge-nf-call-iptables", "0")
	h.Sysctl("net/bridge/bridge-nf-call-ip6tables", "0")
	n = n.With(0, "spoofGuard", false)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	for i, arrived := range attack(t, h, victim.Netns, evil.Netns, attempts()) {
		// The kernel hands a tag over beside the frame.
		if f := attempts()[i]; !arrived && !strings.HasPrefix(f.name, "a VLAN tag") {
			t.Errorf("%s has not arrived", f.name)
		}
	}
}

// TestAContainerTakesNoRedirects is about what the guard would drop, and what may also come from the LAN.
func TestAContainerTakesNoRedirects(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "spoofGuard", false)
	victim := testbed.Container{ID: "victim", Netns: h.NewContainer()}
	h.RunIn(victim.Netns, "sysctl", "-qw", "net.ipv4.conf.all.accept_redirects=1")
	n.Add(t, victim)
	evil, _ := attach(t, h, n, "evil")
	expect(t, h, victim.Netns, "tcp", evil4.String(), 80, "evil", "") // the victim knows its MAC address now
	for range 3 {
		attack(t, h, victim.Netns, evil.Netns, []forged{{"redirect", false, testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IP, redirect4())}})
	}
	if route := h.RunIn(victim.Netns, "ip", "route", "get", testbed.LANAddr4); !strings.Contains(route, "via 10.99.0.1") {
		t.Errorf("the victim goes by %s", route)
	}
}

// TestTheGuardOutlastsOthers is about neighbours that come and go at once, some of them killed on
// their way, and about one whose rules somebody has flushed meanwhile.
func TestTheGuardOutlastsOthers(t *testing.T) {
	withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		victim, _ := attach(t, h, n, "victim")
		evil, _ := attach(t, h, n, "evil")
		var crowd []testbed.Container
		for i := range 16 {
			crowd = append(crowd, testbed.Container{ID: fmt.Sprint("c", i), Netns: h.NewContainer()})
		}
		for range 3 {
			n.AddAll(t, crowd)
			n.DelAll(t, crowd)
		}
		span := addTime(t, n, crowd[0].Netns)
		for i, c := range crowd {
			killedAdd(t, n, c, i%2, rand.N(span))
			n.Del(t, c, nil)
		}
		onlyWhatIsRight(t, h, victim.Netns, evil.Netns)
		h.Run("nft", "flush", "ruleset")
		n.AddAll(t, crowd[:1])
		onlyWhatIsRight(t, h, victim.Netns, evil.Netns)
	})
}

// TestMacspoofchkHoldsTheMACAddressOnly is the reference plugin's meaning of that key.
func TestMacspoofchkHoldsTheMACAddressOnly(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "spoofGuard", false).With(0, "macspoofchk", true)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	list := []forged{linkAttempts()[0], linkAttempts()[1], arpAttempts()[2], ipv4Attempts()[0], arpAttempts()[1]}
	for i, arrived := range attack(t, h, victim.Netns, evil.Netns, list) {
		if want := i > 2; arrived != want {
			t.Errorf("%s: arrived is %t, want %t", list[i].name, arrived, want)
		}
	}
}
