package integration

import (
	"testing"

	"vethbridge/integration/testbed"
)

const (
	web4, web6 = "10.99.0.2", "fd99::2"
)

// attach adds a container with a server on port 80 of both protocols.
func attach(t *testing.T, h *testbed.Host, n testbed.Network, id string, ports ...testbed.Port) (testbed.Container, testbed.Result) {
	t.Helper()
	c := testbed.Container{ID: id, Netns: h.NewContainer(), Ports: ports}
	result := n.Add(t, c)
	h.Serve(c.Netns, "tcp", 80, id)
	h.Serve(c.Netns, "udp", 80, id)
	return c, result
}

// expect asks a server and compares its name, and what it saw as source if that is given.
func expect(t *testing.T, h *testbed.Host, from, network, host string, port int, name, seen string) {
	t.Helper()
	gotName, gotSeen, err := h.Ask(from, network, host, port)
	if err != nil || gotName != name || seen != "" && gotSeen != seen {
		t.Errorf("%s to %s port %d: answer %q from %q, %v; want %q from %q", network, host, port, gotName, gotSeen, err, name, seen)
	}
}

func TestVethPairJoinsTheNamespacesOfContainerAndHost(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	c, result := attach(t, h, n, "web")
	for _, network := range []string{"tcp", "udp"} {
		expect(t, h, "", network, web4, 80, "web", "10.99.0.1")
		expect(t, h, "", network, web6, 80, "web", "fd99::1")
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

func TestBridgeJoinsContainersAndLeadsToTheGateway(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web, webResult := attach(t, h, n, "web")
	db, dbResult := attach(t, h, n, "db")
	h.Serve("", "tcp", 7000, "host")
	for _, to := range []string{web4, web6} {
		expect(t, h, db.Netns, "tcp", to, 80, "web", "")
	}
	for _, gateway := range []string{"10.99.0.1", "fd99::1"} {
		expect(t, h, db.Netns, "tcp", gateway, 7000, "host", "")
	}
	n.Del(t, web, webResult.Raw)
	expect(t, h, "", "tcp", "10.99.0.3", 80, "db", "")
	n.Del(t, db, dbResult.Raw)
	h.Same(t, before)
}

func TestMasqueradeLeadsOutWithTheAddressOfTheHost(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	c, result := attach(t, h, n, "web")
	h.Serve(h.LAN, "tcp", 7000, "lan")
	h.Serve(h.LAN, "udp", 7000, "lan")
	for _, network := range []string{"tcp", "udp"} {
		expect(t, h, c.Netns, network, testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
		expect(t, h, c.Netns, network, testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

func TestDNATLetsTheWorldInByAHostPort(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 8080, ContainerPort: 80, Protocol: "UDP"})
	for _, network := range []string{"tcp", "udp"} {
		expect(t, h, h.LAN, network, testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
		expect(t, h, h.LAN, network, testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
	}
	n.Del(t, c, result.Raw)
	for _, host := range []string{testbed.HostAddr4, testbed.HostAddr6} {
		if !h.Silent(h.LAN, "tcp", host, 8080) {
			t.Errorf("%s port 8080 answers after DEL", host)
		}
	}
	h.Same(t, before)
}
