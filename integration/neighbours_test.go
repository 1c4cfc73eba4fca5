package integration

import (
	"path/filepath"
	"testing"

	"vethbridge/integration/testbed"
)

// neighbour is other container software on the same host, which leads port 9090 of the host to
// port 80 of a container of its own.
type neighbour struct {
	name  string
	moves func(*testing.T, *testbed.Host) (container string)
}

func neighbours() []neighbour {
	rules := func(program, file string) func(*testing.T, *testbed.Host) string {
		return func(_ *testing.T, h *testbed.Host) string {
			container := bridgeOfSomeoneElse(h)
			h.Run("sh", "-c", program+" "+filepath.Join("testdata", "neighbours", file))
			return container
		}
	}
	return []neighbour{
		{"docker", rules("iptables-nft-restore --noflush", "docker.rules")},
		{"docker, legacy", rules("iptables-legacy-restore --noflush", "docker.rules")},
		{"kube-proxy", rules("iptables-nft-restore --noflush", "kube-proxy.rules")},
		{"kube-proxy, nftables", rules("nft -f", "kube-proxy.nft")},
		{"netavark", rules("nft -f", "netavark.nft")},
		{"reference plugins", reference("iptables")},
		{"reference plugins, nftables", reference("nftables")},
	}
}

// reference has the reference plugins attach a container.
func reference(backend string) func(*testing.T, *testbed.Host) string {
	return func(t *testing.T, h *testbed.Host) string {
		base := testbed.Config{"cniVersion": "1.0.0", "name": "theirs"}
		bridge := base.With("type", "bridge").With("bridge", "docker0").With("isDefaultGateway", true).With("ipMasq", true).With("ipMasqBackend", backend).
			With("ipam", testbed.Config{"type": "host-local", "dataDir": t.TempDir(), "subnet": "172.30.0.0/24"})
		portmap := base.With("type", "portmap").With("snat", true).With("backend", backend).With("capabilities", testbed.Config{"portMappings": true})
		c := testbed.Container{ID: "theirs", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 9090, ContainerPort: 80, Protocol: "tcp"}}}
		theirs := testbed.Network{Plugins: built, Chain: []testbed.Config{bridge, portmap}}
		theirs.Add(t, c)
		return c.Netns
	}
}

// TestOthersOnTheHostAreNotDisturbed has ours come and go beside other container software, with
// its real rules in the kernel: both work all the time, and theirs are as before.
func TestOthersOnTheHostAreNotDisturbed(t *testing.T) {
	for _, other := range neighbours() {
		for _, backend := range backendNames {
			t.Run(other.name+"/ours by "+backend, func(t *testing.T) { beside(t, other, backend) })
		}
	}
}

func beside(t *testing.T, other neighbour, backend string) {
	h, n := newDemo(t)
	n = by(t, n, backend).With(0, "ipMasq", true)
	h.Sysctl("net/ipv4/ip_forward", "1")
	warmUp(h, backend)
	theirs := other.moves(t, h)
	h.Serve(theirs, "tcp", 80, "theirs")
	h.Serve(h.LAN, "tcp", 7000, "lan")
	before, legacy := standing(h)
	theyWork := func(when string) {
		t.Helper()
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 9090, "theirs", "")
		expect(t, h, theirs, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
		if t.Failed() {
			t.Fatalf("their container, %s", when)
		}
	}
	theyWork("before ours")
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 8090, HostPortEnd: 8099, ContainerPort: 8090})
	for range 2 {
		theyWork("beside ours")
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
		expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
		expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
		expect(t, h, web.Netns, "tcp", testbed.HostAddr4, 8080, "web", "")
		expect(t, h, "", "tcp", "127.0.0.1", 8080, "web", "")
		if a := n.Check(t, web, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
	}
	n.Del(t, web, result.Raw)
	theyWork("after ours")
	now, nowLegacy := standing(h)
	if now != before || nowLegacy != legacy {
		t.Errorf("was\n%s%s\nis\n%s%s", before, legacy, now, nowLegacy)
	}
}

// standing is all rules of both kinds without what they have counted.
func standing(h *testbed.Host) (nft, legacy string) {
	nft = h.Run("sh", "-c", "nft -s list ruleset")
	return nft, h.Run("sh", "-c", "for table in raw nat filter; do for p in iptables ip6tables; do $p-legacy -t $table -S; done; done")
}
