package runtimes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPodsOfTwoHostsShareThePoolOfADHCPServer is about a segment that both hosts have a link in,
// and the IPAM plugin dhcp.
func TestPodsOfTwoHostsShareThePoolOfADHCPServer(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		text, err := os.ReadFile(conf + "/kubernetes/lan-dhcp.conflist")
		if err != nil {
			t.Fatal(err)
		}
		hosts := newHosts(t, "one", "two")
		one, two := hosts[0], hosts[1]
		background(t, "dnsmasq", "--keep-in-foreground", "--port=0", "--interface=segment", "--bind-interfaces", "--conf-file=/dev/null",
			"--dhcp-range=192.0.2.100,192.0.2.110", "--dhcp-leasefile=/run/leases", "--pid-file=", "--user=root")
		for _, h := range hosts {
			h.network(strings.Replace(string(text), `"lan-dhcp"`, `"pods"`, 1))
			background(t, h.on(filepath.Join(bin, "dhcp"), "daemon")...)
			eventually(t, "the daemon of dhcp listens", func() (string, bool) {
				out, err := try(h.on("test", "-S", "/run/cni/dhcp.sock")...)
				return out, err == nil
			})
		}
		addresses := func() string {
			return run(t, one.on("ip", "-br", "-4", "address")...) + run(t, two.on("ip", "-br", "-4", "address")...)
		}
		before := one.state() + two.state() + addresses()
		web, db := one.attach("web", 0), two.attach("db", 0)
		if web[0] == db[0] || !strings.HasPrefix(web[0], "192.0.2.1") || !strings.HasPrefix(db[0], "192.0.2.1") {
			t.Fatalf("web has %s, db %s", web, db)
		}
		seenBy(t, "db", web[0], one.in("web", probe(), "ask", "tcp", db[0]+":80")...)
		seenBy(t, "web", db[0], two.in("db", probe(), "ask", "tcp", web[0]+":80")...)
		seenBy(t, "outside", web[0], one.in("web", probe(), "ask", "tcp", router+":7000")...)
		answers(t, "web", probe(), "ask", "tcp", web[0]+":80")
		answers(t, "web", one.on(probe(), "ask", "tcp", web[0]+":80")...)
		cnitool.passed(t, add, "pods of two hosts share the pool of a DHCP server")
		one.detach("web", 0)
		two.detach("db", 0)
		if after := one.state() + two.state() + addresses(); after != before {
			t.Errorf("left:\n%s\nbefore:\n%s", after, before)
		}
	})
}
