package integration

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// service leads from an address of nobody's to the container, as kube-proxy does it: what a pod sends to its own
// service gets the host as its source.
const service = `table ip service {
  chain prerouting { type nat hook prerouting priority dstnat; ip daddr 192.0.2.80 tcp dport 80 dnat to %[1]s:80; }
  chain postrouting { type nat hook postrouting priority srcnat; ip saddr %[1]s ip daddr %[1]s masquerade; }
}`

// TestHairpinModeLetsAContainerReachItselfByAService is about frames that are translated while they are bridged: they go
// back to the port that they came from, which a bridge forbids without hairpin mode. Routed ones go another way.
func TestHairpinModeLetsAContainerReachItselfByAService(t *testing.T) {
	for _, c := range []struct {
		filtered string
		hairpin  bool
		answers  bool
	}{{"1", true, true}, {"1", false, false}, {"0", true, true}, {"0", false, true}} {
		t.Run(fmt.Sprintf("hairpinMode=%t,bridge-nf-call-iptables=%s", c.hairpin, c.filtered), func(t *testing.T) {
			h, n := newDemo(t)
			h.Sysctl("net/bridge/bridge-nf-call-iptables", c.filtered)
			n = n.With(0, "hairpinMode", c.hairpin)
			n.Chain = n.Chain[:1]
			web, result := attach(t, h, n, "web")
			address := netip.MustParsePrefix(result.IPs[0].Address).Addr()
			h.Run("nft", fmt.Sprintf(service, address))
			if c.answers {
				expect(t, h, web.Netns, "tcp", "192.0.2.80", 80, "web", "")
			} else if !h.Silent(web.Netns, "tcp", "192.0.2.80", 80) {
				t.Error("the container reaches itself without hairpin mode")
			}
			n.Del(t, web, result.Raw)
		})
	}
}

// TestPromiscModeShowsTheHostWhatIsForOthers sends a frame to a MAC address of nobody's.
func TestPromiscModeShowsTheHostWhatIsForOthers(t *testing.T) {
	for _, promisc := range []bool{true, false} {
		t.Run(fmt.Sprintf("promiscMode=%t", promisc), func(t *testing.T) {
			h, n := newDemo(t)
			n = n.With(0, "promiscMode", promisc)
			web, result := attach(t, h, n, "web")
			mac, address := linkMAC(h, web.Netns, "eth0"), netip.MustParsePrefix(result.IPs[0].Address).Addr()
			nobody := net.HardwareAddr{2, 0, 0, 0, 0, 99}
			foreign := testbed.Ether(nobody, mac, unix.ETH_P_IP, udp(address, 7, netip.MustParseAddr("10.99.0.99"), 7, "for nobody"))
			last := testbed.Ether(everybody, mac, unix.ETH_P_ARP, testbed.ARP(1, mac, address, gateway4))
			if seen := h.Arriving(web.Netns, "eth0", "", "demo0", []testbed.Frame{foreign}, last); seen[0] != promisc {
				t.Errorf("the bridge has shown the host a frame for somebody else: %t, want %t", seen[0], promisc)
			}
			n.Del(t, web, result.Raw)
		})
	}
}
