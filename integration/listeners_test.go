package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestAHostPortThatAProcessListensOnIsRefused keeps a daemon of the host from losing its
// clients without a word.
func TestAHostPortThatAProcessListensOnIsRefused(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	h.Serve("", "tcp", 8080, "daemon")
	h.Serve("", "udp", 8081, "daemon")
	for _, port := range []testbed.Port{
		{HostPort: 8080, ContainerPort: 80}, {HostPort: 8080, ContainerPort: 80, HostIP: testbed.HostAddr4},
		{HostPort: 8081, ContainerPort: 80, Protocol: "udp", HostIP: testbed.HostAddr6}, {HostPort: 8000, HostPortEnd: 8099, ContainerPort: 8000},
	} {
		c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{port}}
		answer, _ := n.TryAdd(t, c)
		e, refused := answer.Error()
		if !refused || e.Code != 101 || !strings.Contains(e.Message, "(pid ") {
			t.Errorf("%+v: %s", port, answer.Stdout)
		}
		n.Del(t, c, nil)
		h.Same(t, before)
	}
	// The other protocol's port is free.
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80, Protocol: "udp"}, testbed.Port{HostPort: 8081, ContainerPort: 80})
	expect(t, h, h.LAN, "udp", testbed.HostAddr4, 8080, "web", "")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "daemon", "")
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestHostPortConflictWarnLetsTheContainerHaveThePort is for runtimes that hold the port
// themselves, as podman's conmon does.
func TestHostPortConflictWarnLetsTheContainerHaveThePort(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(1, "hostPortConflict", "warn")
	h.Serve("", "tcp", 8080, "daemon")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	n.Del(t, c, result.Raw)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "daemon", "")
}
