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

// hiding are first fragments whose later ones would bring to light what must not pass.
func hiding() (list []forged) {
	reply, own := udp(evilLocal, 547, allNodes, 546, "reply"), udp(evil6, 7, victim6, 7, "own")
	advert := testbed.ICMPv6(136, evil6, allNodes, gateway6)
	for _, a := range []struct {
		name   string
		right  bool
		packet []byte
		cut    int
	}{
		{"DHCPv6 server behind options that end later", false, testbed.BehindOptions(reply), 8},
		{"DHCPv6 server behind options", false, testbed.BehindOptions(reply), 16},
		{"DHCPv6 server", false, reply, 8},
		{"advertisement whose target comes later", false, advert, 8},
		{"advertisement behind options that end later", false, testbed.BehindOptions(advert), 8},
		{"router advertisement behind options that end later", false, testbed.BehindOptions(testbed.ICMPv6(134, evilLocal, allNodes, none6)), 8},
		{"options that end later", false, testbed.BehindOptions(own), 8},
	} {
		first, _ := testbed.IPv6Fragments(a.packet, a.cut)
		list = append(list, forged{a.name, a.right, testbed.Ether(listeners, evilMAC, unix.ETH_P_IPV6, first)})
	}
	return list
}

// TestFragmentsHideNothing: what is in a packet must be seen in its first fragment, without which no
// machine takes the others for anything.
func TestFragmentsHideNothing(t *testing.T) {
	withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		victim, _ := attach(t, h, n, "victim")
		evil, _ := attach(t, h, n, "evil")
		for i, arrived := range attack(t, h, victim.Netns, evil.Netns, hiding()) {
			if arrived {
				t.Errorf("%s arrives", hiding()[i].name)
			}
		}
	})
}

func TestHonestFragmentsArrive(t *testing.T) {
	withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		victim, _ := attach(t, h, n, "victim")
		evil, _ := attach(t, h, n, "evil")
		for _, packet := range honest() {
			inside := listenInside(t, h, victim.Netns, packet.to)
			h.Send(evil.Netns, "eth0", packet.first, packet.later)
			if heard := inside(); !strings.HasSuffix(heard, packet.ends) {
				t.Errorf("what ends with %q is heard as %q", packet.ends, heard)
			}
		}
	})
}

type datagram struct {
	to           netip.AddrPort
	ends         string
	first, later testbed.Frame
}

// honest are datagrams in two fragments, some of which go on with what would be a header of something
// that must not pass: of a DHCP server, or of a router advertisement.
func honest() (list []datagram) {
	for i, ends := range []string{"what is larger than a packet", "\x00\x43\x00\x44 like DHCP", "\x02\x23\x02\x22 like DHCPv6", "\x86\x00 like a router"} {
		text, port := strings.Repeat(".", 8)+ends, uint16(7+i)
		four, six := udp(evil4, 7, victim4, port, text), udp(evil6, 7, victim6, port, text)
		for _, packet := range [][]byte{six, testbed.BehindOptions(six)} {
			first, later := testbed.IPv6Fragments(packet, len(packet)-40-len(ends))
			list = append(list, datagram{netip.AddrPortFrom(victim6, port), ends,
				testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IPV6, first), testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IPV6, later)})
		}
		first, later := testbed.IPv4Fragment(unix.IPPROTO_UDP, evil4, victim4, 0x2000, four[20:36]), testbed.IPv4Fragment(unix.IPPROTO_UDP, evil4, victim4, 2, four[36:])
		list = append(list, datagram{netip.AddrPortFrom(victim4, port), ends,
			testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IP, first), testbed.Ether(victimMAC, evilMAC, unix.ETH_P_IP, later)})
	}
	return list
}

// listenInside returns what hears the next datagram at an address in a container.
func listenInside(t *testing.T, h *testbed.Host, container string, at netip.AddrPort) func() string {
	t.Helper()
	var c *net.UDPConn
	if err := h.In(container, func() (err error) {
		c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return func() string {
		defer c.Close()
		buffer := make([]byte, 100)
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, err := c.Read(buffer)
		if err != nil {
			t.Error(err)
		}
		return string(buffer[:n])
	}
}
