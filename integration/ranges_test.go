package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestARangeOfPortsAnswersFromItsFirstToItsLast is promise P40, for ranges whose ports stay the
// same and ranges whose ports don't, and for one port in the middle that leads elsewhere.
func TestARangeOfPortsAnswersFromItsFirstToItsLast(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		web, result := attach(t, h, n, "web",
			testbed.Port{HostPort: 20000, HostPortEnd: 29999, ContainerPort: 20000},
			testbed.Port{HostPort: 20000, HostPortEnd: 29999, ContainerPort: 20000, Protocol: "udp"},
			testbed.Port{HostPort: 30000, HostPortEnd: 30499, ContainerPort: 8000},
			testbed.Port{HostPort: 31000, HostPortEnd: 31009, ContainerPort: 31000, SourceRanges: []string{"198.51.100.0/24", "2001:db8:1::/64"}},
			testbed.Port{HostPort: 31500, HostPortEnd: 31509, ContainerPort: 31500},
			testbed.Port{HostPort: 31505, ContainerPort: 81, HostIP: secondAddr4},
		)
		for _, port := range []int{20000, 25000, 29999, 8000, 8250, 8499, 31000, 31009, 31505} {
			h.Serve(web.Netns, "tcp", port, "web")
			h.Serve(web.Netns, "udp", port, "web")
		}
		for _, port := range []int{20000, 25000, 29999, 30000, 30250, 30499, 31000, 31009, 31505} {
			for _, host := range []string{testbed.HostAddr4, testbed.HostAddr6} {
				expect(t, h, h.LAN, "tcp", host, port, "web", "")
			}
		}
		expect(t, h, h.LAN, "udp", testbed.HostAddr4, 25000, "web", testbed.LANAddr4)
		expect(t, h, "", "tcp", "127.0.0.1", 25000, "web", "")
		expect(t, h, web.Netns, "tcp", testbed.HostAddr4, 25000, "web", "")
		h.Serve(web.Netns, "tcp", 81, "one")
		expect(t, h, h.LAN, "tcp", secondAddr4, 31505, "one", "")
		for _, beyond := range []int{19999, 30500} {
			if !h.Silent(h.LAN, "tcp", testbed.HostAddr4, beyond) {
				t.Errorf("port %d answers", beyond)
			}
		}
		refusedBy(t, h, n, "demo/web/eth0", testbed.Port{HostPort: 25000, ContainerPort: 80})
		refusedBy(t, h, n, "demo/web/eth0", testbed.Port{HostPort: 29000, HostPortEnd: 29999, ContainerPort: 29000, HostIP: secondAddr4})
		if out, _ := operate(t, h, "ls", "--port", "25000"); !strings.Contains(out, "tcp 0.0.0.0:20000-29999 -> "+web4+":20000-29999") {
			t.Errorf("ls: %s", out)
		}
		if a := n.Check(t, web, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
		n.Del(t, web, result.Raw)
	})
}

// TestAClientsPortSeenTwiceLeadsToTheSamePort is about promise P40: a client may have the same port of its own
// for two addresses of the host, and to the container both come from the same client.
func TestAClientsPortSeenTwiceLeadsToTheSamePort(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		web, result := attach(t, h, n, "web", testbed.Port{HostPort: 30000, HostPortEnd: 30009, ContainerPort: 8000, Protocol: "udp"})
		h.Serve(web.Netns, "udp", 8005, "asked")
		h.Serve(web.Netns, "udp", 8006, "next")
		for _, host := range []string{testbed.HostAddr4, secondAddr4} {
			if name, err := h.AskAgain(h.LAN, 40000, host, 30005); err != nil || name != "asked" {
				t.Errorf("%s: %q answers, %v", host, name, err)
			}
		}
		n.Del(t, web, result.Raw)
	})
}

// refusedBy wants an ADD to be refused because of a holder.
func refusedBy(t *testing.T, h *testbed.Host, n testbed.Network, holder string, p testbed.Port) {
	t.Helper()
	c := testbed.Container{ID: "other", Netns: h.NewContainer(), Ports: []testbed.Port{p}}
	if a, _ := n.TryAdd(t, c); a.Exit == 0 || !strings.Contains(a.Stdout, holder) {
		t.Errorf("port %d: %s, want a refusal that names %s", p.HostPort, a.Stdout, holder)
	}
	n.Del(t, c, nil)
}
