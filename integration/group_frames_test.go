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

// TestFramesForBridgesPassNoOtherWay is about 01:80:c2:00:00:00 to 0f, which a bridge takes before any
// rule sees them: it learns their source, and the host takes what is in them as if it came from a link of its own.
func TestFramesForBridgesPassNoOtherWay(t *testing.T) {
	for _, stp := range []string{"0", "1"} {
		withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
			victim, _ := attach(t, h, n, "victim")
			evil, _ := attach(t, h, n, "evil")
			h.Run("ip", "link", "set", "demo0", "type", "bridge", "stp_state", stp, "forward_delay", "200")
			before := strings.Count(h.Run("bridge", "fdb", "show", "br", "demo0"), "\n")
			heard := listen(t, ":7")
			attack(t, h, victim.Netns, evil.Netns, framesForBridges())
			if table := h.Run("bridge", "fdb", "show", "br", "demo0"); strings.Count(table, "\n") > before+2 || strings.Contains(table, "02:00:00:00:00:99") {
				t.Errorf("STP %s: the bridge has learned\n%s", stp, table)
			}
			if neighbours := h.Run("ip", "neigh"); strings.Contains(neighbours, "172.16.0.") {
				t.Errorf("STP %s: the host has learned\n%s", stp, neighbours)
			}
			if from := heard(); from != "" {
				t.Errorf("STP %s: the host was told something by %s", stp, from)
			}
		})
	}
}

func framesForBridges() (list []forged) {
	lan, host := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr(testbed.HostAddr4)
	for i := range 16 {
		to := net.HardwareAddr{1, 0x80, 0xc2, 0, 0, byte(i)}
		for _, frame := range []testbed.Frame{
			testbed.Ether(to, mac("02:00:00:00:00:99"), 0x88cc, make([]byte, 46)),
			testbed.Ether(to, evilMAC, unix.ETH_P_IP, udp(lan, 7, host, 7, "forged")),
			testbed.Ether(to, evilMAC, unix.ETH_P_ARP, testbed.ARP(1, evilMAC, netip.AddrFrom4([4]byte{172, 16, 0, byte(i)}), gateway4)),
		} {
			list = append(list, forged{"for bridges", false, frame})
		}
	}
	return list
}

// listen waits on an udp port of the host, and returns what tells who has sent something to it so far.
func listen(t *testing.T, addr string) func() string {
	t.Helper()
	c, err := net.ListenPacket("udp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return func() string {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, from, err := c.ReadFrom(make([]byte, 64)); err == nil {
			return from.String()
		}
		return ""
	}
}
