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

// bpdu is a frame by which bridges speak with each other (IEEE 802.1D, clause 9).
var bpdu = testbed.Ether(mac("01:80:c2:00:00:00"), evilMAC, 38, append([]byte{0x42, 0x42, 3}, make([]byte, 35)...))

func TestAContainerCantSpeakWithTheBridge(t *testing.T) {
	for _, stp := range []string{"0", "1"} {
		withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
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
		})
	}
}

func rootOf(link string) string {
	_, root, _ := strings.Cut(link, "designated_root ")
	return strings.Fields(root + " ")[0]
}

func TestTheBridgeLearnsNoForgedAddresses(t *testing.T) {
	withAndWithoutBridgeFilter(t, floodOfAddresses)
}

func floodOfAddresses(t *testing.T, h *testbed.Host, n testbed.Network) {
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
	withAndWithoutBridgeFilter(t, floodOfBroadcasts)
}

func floodOfBroadcasts(t *testing.T, h *testbed.Host, n testbed.Network) {
	const copies = 5000
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
	withAndWithoutBridgeFilter(t, loop)
}

func loop(t *testing.T, h *testbed.Host, n testbed.Network) {
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
