package integration

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

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
		{"LLDP", false, testbed.Ether(everybody, evilMAC, 0x88cc, make([]byte, 46))},
		{"RARP", false, testbed.Ether(everybody, evilMAC, 0x8035, testbed.ARP(3, evilMAC, evil4, evil4))},
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
		{"router advertisement", false, ip(testbed.ICMPv6(134, evilLocal, allNodes, none6))},
		{"hidden router advertisement", false, ip(testbed.HiddenICMPv6(134, evilLocal, allNodes, none6))},
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
	for _, filtered := range []string{"0", "1"} {
		t.Run("bridge-nf-call-iptables="+filtered, func(t *testing.T) {
			h, n := newDemo(t)
			h.Sysctl("net/bridge/bridge-nf-call-iptables", filtered)
			h.Sysctl("net/bridge/bridge-nf-call-ip6tables", filtered)
			before := h.Snapshot()
			victim, victimResult := attach(t, h, n, "victim")
			evil, evilResult := attach(t, h, n, "evil")
			for i, arrived := range attack(t, h, victim.Netns, evil.Netns, attempts()) {
				if f := attempts()[i]; arrived != f.right {
					t.Errorf("%s: arrived is %t, want %t", f.name, arrived, f.right)
				}
			}
			n.Del(t, evil, evilResult.Raw)
			n.Del(t, victim, victimResult.Raw)
			h.Same(t, before)
		})
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
		// The kernel hands the tag over beside the frame.
		if f := attempts()[i]; !arrived && f.name != "a VLAN tag" {
			t.Errorf("%s has not arrived", f.name)
		}
	}
}

// TestTheGuardOutlastsOthers is about neighbours that come and go.
func TestTheGuardOutlastsOthers(t *testing.T) {
	h, n := newDemo(t)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	var crowd []testbed.Container
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		crowd = append(crowd, testbed.Container{ID: id, Netns: h.NewContainer()})
	}
	n.AddAll(t, crowd)
	n.DelAll(t, crowd)
	for i, arrived := range attack(t, h, victim.Netns, evil.Netns, attempts()) {
		if f := attempts()[i]; arrived != f.right {
			t.Errorf("%s: arrived is %t, want %t", f.name, arrived, f.right)
		}
	}
}

// bpdu is a frame by which bridges speak with each other (IEEE 802.1D, clause 9).
var bpdu = testbed.Ether(mac("01:80:c2:00:00:00"), evilMAC, 38, append([]byte{0x42, 0x42, 3}, make([]byte, 35)...))

func TestAContainerCantSpeakWithTheBridge(t *testing.T) {
	for _, stp := range []string{"0", "1"} {
		h, n := newDemo(t)
		victim, _ := attach(t, h, n, "victim")
		evil, _ := attach(t, h, n, "evil")
		h.Run("ip", "link", "set", "demo0", "type", "bridge", "stp_state", stp, "forward_delay", "200")
		root := h.Run("ip", "-d", "link", "show", "demo0")
		if attack(t, h, victim.Netns, evil.Netns, []forged{{"BPDU", false, bpdu}})[0] {
			t.Errorf("STP %s: a BPDU arrives", stp)
		}
		if after := h.Run("ip", "-d", "link", "show", "demo0"); rootOf(after) != rootOf(root) {
			t.Errorf("STP %s: another root: %s", stp, after)
		}
	}
}

func rootOf(link string) string {
	_, root, _ := strings.Cut(link, "designated_root ")
	return strings.Fields(root + " ")[0]
}

func TestTheBridgeLearnsNoForgedAddresses(t *testing.T) {
	h, n := newDemo(t)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	var list []forged
	for i := range 200 {
		from := net.HardwareAddr{2, 0, 0, 1, 0, byte(i)}
		list = append(list, forged{"flood", false, testbed.Ether(victimMAC, from, unix.ETH_P_IP, udp(evil4, 7, victim4, 7, "x"))})
	}
	before := strings.Count(h.Run("bridge", "fdb", "show", "br", "demo0"), "\n")
	attack(t, h, victim.Netns, evil.Netns, list)
	if table := h.Run("bridge", "fdb", "show", "br", "demo0"); strings.Count(table, "\n") > before+2 || strings.Contains(table, "02:00:00:01") {
		t.Errorf("the bridge has learned\n%s", table)
	}
}

func TestBroadcastsAreBounded(t *testing.T) {
	const copies = 5000
	h, n := newDemo(t)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	h.Serve("", "tcp", 7000, "host")
	frame := testbed.Ether(everybody, evilMAC, unix.ETH_P_ARP, testbed.ARP(1, evilMAC, evil4, victim4))
	last := testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IP, udp(evil4, 7, victim4, 7, "last"))
	const atOnce, aSecond = 1000, 1000
	begin := time.Now()
	seen := h.Flood(evil.Netns, "eth0", victim.Netns, "eth0", frame, last, copies)
	if most := atOnce + int(aSecond*time.Since(begin).Seconds()) + 100; seen < atOnce/2 || seen > most {
		t.Errorf("%d of %d broadcasts arrive; %d to %d should", seen, copies, atOnce/2, most)
	}
	// The others' are not counted with them.
	expect(t, h, victim.Netns, "tcp", "10.99.0.1", 7000, "host", "")
}

// TestTwoPortsOfOneContainerMakeNoLoop is about a container that joins its two interfaces on one
// bridge: without the guard, each broadcast would go round for ever.
func TestTwoPortsOfOneContainerMakeNoLoop(t *testing.T) {
	h, n := newDemo(t)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	db, _ := attach(t, h, n, "db")
	second := testbed.Call{Plugin: "vethbridge", Command: "ADD", Container: "evil", Netns: evil.Netns, IfName: "eth1",
		Config: n.Chain[0].With("isDefaultGateway", nil).With("isGateway", true).JSON()}
	if answer := n.Plugins.Do(t, second); answer.Exit != 0 {
		t.Fatalf("ADD of the second interface: %s", answer.Stdout)
	}
	h.RunIn(evil.Netns, "ip", "link", "add", "loop", "type", "bridge")
	for _, link := range []string{"eth0", "eth1"} {
		h.RunIn(evil.Netns, "ip", "link", "set", link, "master", "loop")
	}
	h.RunIn(evil.Netns, "ip", "link", "set", "loop", "up")
	frame := testbed.Ether(everybody, victimMAC, unix.ETH_P_ARP, testbed.ARP(1, victimMAC, victim4, gateway4))
	last := testbed.Ether(mac("0a:58:0a:63:00:04"), victimMAC, unix.ETH_P_IP, udp(victim4, 7, netip.MustParseAddr("10.99.0.4"), 7, "last"))
	if seen := h.Flood(victim.Netns, "eth0", db.Netns, "eth0", frame, last, 20); seen != 20 {
		t.Errorf("20 broadcasts arrive as %d", seen)
	}
}

// TestMacspoofchkHoldsTheMACAddressOnly is the reference plugin's meaning of that key.
func TestMacspoofchkHoldsTheMACAddressOnly(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "spoofGuard", false).With(0, "macspoofchk", true)
	victim, _ := attach(t, h, n, "victim")
	evil, _ := attach(t, h, n, "evil")
	list := []forged{linkAttempts()[0], linkAttempts()[1], ipv4Attempts()[0]}
	for i, arrived := range attack(t, h, victim.Netns, evil.Netns, list) {
		if want := i == 2; arrived != want {
			t.Errorf("%s: arrived is %t, want %t", list[i].name, arrived, want)
		}
	}
}
