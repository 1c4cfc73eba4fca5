package integration

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// way is from a client to a server.
type way string

// The ways there are. The walled network has "web", with port 80 published as 8080, and its
// sibling "db"; "other" is on another network.
const (
	lanToContainer     way = "LAN to container"
	lanToPublished     way = "LAN to published port"
	otherToContainer   way = "other network to container"
	otherToPublished   way = "other network to published port"
	siblingToContainer way = "sibling to container"
	siblingToPublished way = "sibling to published port"
	containerToLAN     way = "container to LAN"
	containerToOther   way = "container to other network"
	containerToGateway way = "container to its gateway"
	containerToHost    way = "container to the host"
	hostToContainer    way = "host to container"
)

var ways = []way{lanToContainer, lanToPublished, otherToContainer, otherToPublished, siblingToContainer, siblingToPublished,
	containerToLAN, containerToOther, containerToGateway, containerToHost, hostToContainer}

// walls is a config and the ways that it closes.
type walls struct {
	name   string
	keys   testbed.Config
	closed []way
}

func allWalls() []walls {
	direct := []way{lanToContainer, otherToContainer, containerToOther}
	outside := slices.Concat(direct, []way{lanToPublished, otherToPublished, containerToLAN, siblingToPublished, containerToHost})
	return []walls{
		{"default", nil, direct},
		{"mode nat", testbed.Config{"mode": "nat"}, direct},
		// The other network keeps its own wall.
		{"mode routed", testbed.Config{"mode": "routed"}, []way{containerToOther}},
		{"isolation network", testbed.Config{"mode": "routed", "isolation": "network"}, []way{otherToContainer, containerToOther}},
		{"isolation port", testbed.Config{"isolation": "port"}, append(direct, siblingToContainer)},
		{"internal", testbed.Config{"internal": true}, outside},
		{"mode isolated", testbed.Config{"mode": "isolated"}, append(outside, containerToGateway)},
		{"host access gateway", testbed.Config{"hostAccess": "gateway"}, append(direct, containerToHost)},
		{"host access none", testbed.Config{"hostAccess": "none"}, append(direct, containerToHost, containerToGateway)},
	}
}

func TestWallsCloseTheWaysThatTheyNameAndNoOther(t *testing.T) {
	for _, w := range allWalls() {
		for _, filtered := range []string{"0", "1"} {
			t.Run(w.name+", bridge-nf-call="+filtered, func(t *testing.T) {
				t.Parallel() // what is closed is waited for
				h, n := newDemo(t)
				h.Sysctl("net/bridge/bridge-nf-call-iptables", filtered)
				h.Sysctl("net/bridge/bridge-nf-call-ip6tables", filtered)
				before := h.Snapshot()
				for key, value := range w.keys {
					n = n.With(0, key, value)
				}
				closed := w.closed
				if n.Chain[0]["isolation"] == "port" && filtered == "1" {
					// br_netfilter takes a translated frame straight to the other port, past the router.
					closed = append(slices.Clone(closed), siblingToPublished)
				}
				tryWays(t, h, n, closed)
				h.Same(t, before)
			})
		}
	}
}

func tryWays(t *testing.T, h *testbed.Host, n testbed.Network, closed []way) {
	t.Helper()
	web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	db, dbResult := attach(t, h, n, "db")
	elsewhere := otherNetwork(n)
	other, otherResult := attach(t, h, elsewhere, "other")
	h.Serve("", "tcp", 7000, "host")
	h.Serve(h.LAN, "tcp", 7001, "lan")
	for _, route := range [][2]string{{"10.99.0.0/24", testbed.HostAddr4}, {"fd99::/64", testbed.HostAddr6}} {
		h.RunIn(h.LAN, "ip", "route", "add", route[0], "via", route[1])
	}
	for _, six := range []bool{false, true} {
		for _, w := range ways {
			from, to, port, name := places(h, web.Netns, db.Netns, other.Netns, w, six)
			if slices.Contains(closed, w) {
				if !h.Silent(from, "tcp", to, port) {
					t.Errorf("%s: %s port %d answers", w, to, port)
				}
				continue
			}
			expect(t, h, from, "tcp", to, port, name, "")
		}
	}
	elsewhere.Del(t, other, otherResult.Raw)
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, webResult.Raw)
}

// TestPacketsOutsideOfAnyConnectionDontLeave is about a TCP segment that no connection has: it
// would leave with the container's own address, since only connections are translated.
func TestPacketsOutsideOfAnyConnectionDontLeave(t *testing.T) {
	for _, drop := range []bool{true, false} {
		h, n := newDemo(t)
		web, _ := attach(t, h, n.With(0, "dropInvalid", drop), "web")
		other, _ := attach(t, h, otherNetwork(n).With(0, "mode", "routed"), "other")
		h.Serve(h.LAN, "tcp", 80, "lan")
		for name, to := range map[string]struct{ netns, address string }{"lan": {h.LAN, testbed.LANAddr4}, "other": {other.Netns, "10.98.0.2"}} {
			for _, rule := range []string{"add table ip count", "add chain ip count in { type filter hook prerouting priority 0; }",
				"add rule ip count in ip saddr 10.99.0.0/24 counter"} {
				h.RunIn(to.netns, "nft", rule)
			}
			// An answer (SYN and ACK) to nothing (RFC 9293, section 3.1).
			segment := []byte{0, 80, 0x1b, 0x59, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x12, 1, 0, 0, 0, 0, 0}
			h.Send(web.Netns, "eth0", testbed.Ether(linkMAC(h, "", "demo0"), victimMAC, unix.ETH_P_IP,
				testbed.IPv4(unix.IPPROTO_TCP, victim4, netip.MustParseAddr(to.address), segment)))
			expect(t, h, web.Netns, "tcp", to.address, 80, name, "")
			counted := h.RunIn(to.netns, "nft", "list", "chain", "ip", "count", "in")
			if none := strings.Contains(counted, "packets 0 "); none != drop {
				t.Errorf("dropInvalid %t: %s has seen\n%s", drop, name, counted)
			}
		}
	}
}

func otherNetwork(n testbed.Network) testbed.Network {
	ranges := []any{[]any{testbed.Config{"subnet": "10.98.0.0/24"}}, []any{testbed.Config{"subnet": "fd98::/64"}}}
	for plugin := range n.Chain {
		n = n.With(plugin, "name", "other")
	}
	n.Chain[0] = testbed.Config{"type": "vethbridge", "name": "other", "cniVersion": "1.1.0", "stateDir": n.Chain[0]["stateDir"],
		"bridge": "other0", "isDefaultGateway": true, "removeBridge": true, "ipam": testbed.Config{"ranges": ranges}}
	return n
}

// places says where a way begins and where it ends.
func places(h *testbed.Host, web, db, other string, w way, six bool) (from, to string, port int, name string) {
	pick := func(four, sixth string) string {
		if six {
			return sixth
		}
		return four
	}
	host := pick(testbed.HostAddr4, testbed.HostAddr6)
	switch w {
	case lanToContainer:
		return h.LAN, pick(web4, web6), 80, "web"
	case otherToContainer:
		return other, pick(web4, web6), 80, "web"
	case siblingToContainer:
		return db, pick(web4, web6), 80, "web"
	case hostToContainer:
		return "", pick(web4, web6), 80, "web"
	case lanToPublished:
		return h.LAN, host, 8080, "web"
	case otherToPublished:
		return other, host, 8080, "web"
	case siblingToPublished:
		return db, host, 8080, "web"
	case containerToLAN:
		return web, pick(testbed.LANAddr4, testbed.LANAddr6), 7001, "lan"
	case containerToOther:
		return web, pick("10.98.0.2", "fd98::2"), 80, "other"
	case containerToGateway:
		return web, pick("10.99.0.1", "fd99::1"), 7000, "host"
	}
	return web, host, 7000, "host"
}

// TestIsolatedPortsAreApartByWayOfTheGatewayToo has two containers send what is for each other to the
// gateway, which would route it back into the bridge. If only one did, the answer would be lost between the ports.
func TestIsolatedPortsAreApartByWayOfTheGatewayToo(t *testing.T) {
	for _, isolation := range []string{"none", "port"} {
		withAndWithoutBridgeFilter(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
			n = n.With(0, "isolation", isolation)
			web, _ := attach(t, h, n, "web")
			db, _ := attach(t, h, n, "db")
			for _, netns := range []string{web.Netns, db.Netns} { // nothing is on the link, but the gateway
				h.RunIn(netns, "ip", "route", "add", "10.99.0.0/29", "via", "10.99.0.1")
				h.RunIn(netns, "ip", "-6", "route", "add", "fd99::/125", "via", "fd99::1")
			}
			for _, to := range []string{web4, web6} {
				if isolation == "none" {
					expect(t, h, db.Netns, "tcp", to, 80, "web", "")
				} else if !h.Silent(db.Netns, "tcp", to, 80) {
					t.Errorf("%s answers by way of the gateway", to)
				}
			}
		})
	}
}
