package integration

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"vethbridge/integration/testbed"
)

// damages are what others do to our rules. The next ADD notices those that take the structure
// of the ruleset away; it does not look at each of the others' elements.
func damages(backend string) (whole, parts []string) {
	if backend == "nftables" {
		whole = []string{"nft flush ruleset", "nft delete table inet vethbridge"}
		return whole, []string{
			"nft flush ruleset", "nft flush chain inet vethbridge ports",
			"nft flush chain inet vethbridge postrouting", "nft flush map inet vethbridge any_ports4",
			"nft insert rule inet vethbridge ports accept", "nft delete rule inet vethbridge ports handle $(nft -a list chain inet vethbridge ports | sed -n 's/.*ports of any host address, IPv4.* handle //p')",
			"nft delete element inet vethbridge any_ports4 '{ tcp . 8080 }'", "nft delete element inet vethbridge masquerade4 '{ 10.99.0.0/24 }'",
		}
	}
	t := backend + " -t nat "
	whole = []string{
		t + "-F", t + "-F; " + t + "-X", t + "-D PREROUTING -j VETHBRIDGE-PREROUTING", backend + " -t raw -F",
		strings.Replace(t, "iptables", "ip6tables", 1) + "-F",
	}
	return whole, []string{
		t + "-F", t + "-F VETHBRIDGE-DNAT", t + "-D VETHBRIDGE-DNAT 1", backend + " -t raw -F", t + "-I VETHBRIDGE-POSTROUTING -j ACCEPT",
	}
}

// TestWhatOthersBreakIsNamedAndPutBack is promise P35: CHECK says what is missing; repair, or
// the next ADD, restores it; a second repair changes nothing; and a connection of another
// container goes on all the time.
func TestWhatOthersBreakIsNamedAndPutBack(t *testing.T) {
	for _, backend := range backendNames {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend).With(0, "ipMasq", true)
			warmUp(h, backend)
			before := h.Snapshot()
			web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 7})
			talk := conversation(t, h, db.Netns)
			whole, parts := damages(backend)
			for i, damage := range slices.Concat(whole, parts) {
				h.Run("sh", "-c", damage)
				a := n.Check(t, web, result.Raw)
				if a.Exit == 0 || !strings.Contains(a.Stdout, "is missing") || !strings.Contains(a.Stdout, "vethbridge repair") {
					t.Errorf("%s: CHECK answers %s", damage, a.Stdout)
				}
				if i < len(whole) {
					c := testbed.Container{ID: "next", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8082, ContainerPort: 80}}}
					n.Del(t, c, n.Add(t, c).Raw)
				} else {
					says(t, h, 0, []string{"restored"}, "repair")
				}
				if a := n.Check(t, web, result.Raw); a.Exit != 0 {
					t.Errorf("%s: CHECK after the repair: %s", damage, a.Stdout)
				}
				says(t, h, 0, []string{"nothing to repair"}, "repair")
				expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
				expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
				talk(damage)
			}
			n.Del(t, db, dbResult.Raw)
			n.Del(t, web, result.Raw)
			h.Same(t, before)
		})
	}
}

// TestRulesThatSomebodyFlushedAreBackByTheNextADDOrSTATUS has one network with a port on localhost, for which the host takes packets
// for 127.0.0.1 by the bridge, and another one that has neither ports nor masquerade.
func TestRulesThatSomebodyFlushedAreBackByTheNextADDOrSTATUS(t *testing.T) {
	h, n := newDemo(t)
	warmUp(h, "nftables")
	before := h.Snapshot()
	plain := testbed.Network{Plugins: n.Plugins, Chain: n.Chain[:1]}.With(0, "name", "plain").With(0, "bridge", "plain0").With(0, "ipMasq", false).
		With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.98.0.0/24"}}}})
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	other := testbed.Container{ID: "other", Netns: h.NewContainer()}
	healed := map[string]func(){
		"ADD":                  func() { plain.Del(t, other, plain.Add(t, other).Raw) },
		"STATUS of vethbridge": func() { status(t, plain, nil) },
		"STATUS of natport": func() {
			n.Plugins.Do(t, testbed.Call{Plugin: "natport", Command: "STATUS", Config: n.Chain[1].JSON()})
		},
	}
	for name, verb := range healed {
		for _, damage := range []string{"nft flush ruleset", "nft delete table inet vethbridge"} {
			h.Run("sh", "-c", damage)
			if a := n.Check(t, web, result.Raw); a.Exit == 0 {
				t.Errorf("%s: CHECK sees nothing", damage)
			}
			verb()
			if a := n.Check(t, web, result.Raw); a.Exit != 0 {
				t.Errorf("%s, and %s: CHECK answers %s", damage, name, a.Stdout)
			}
			says(t, h, 0, []string{"nothing to repair"}, "repair")
		}
	}
	n.Del(t, web, result.Raw)
	status(t, plain, nil) // puts nothing back for nobody
	h.Same(t, before)
}

// conversation opens a connection from the LAN to port 8081 of the host, which leads to port 7 of
// a container, and returns what says a word by it and wants to hear it back.
func conversation(t *testing.T, h *testbed.Host, container string) func(word string) {
	t.Helper()
	var client net.Conn
	listen := func() error {
		l, err := net.Listen("tcp", ":7")
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = l.Close() })
		go repeatLines(l)
		return nil
	}
	dial := func() (err error) {
		client, err = net.DialTimeout("tcp", testbed.HostAddr4+":8081", time.Minute)
		return err
	}
	if err := h.In(container, listen); err != nil {
		t.Fatal(err)
	}
	if err := h.In(h.LAN, dial); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	answers := bufio.NewReader(client)
	return func(word string) {
		t.Helper()
		_ = client.SetDeadline(time.Now().Add(time.Minute))
		_, err := fmt.Fprintln(client, word)
		if err == nil {
			_, err = answers.ReadString('\n')
		}
		if err != nil {
			t.Fatalf("%s: the connection of another container is broken: %v", word, err)
		}
	}
}

func repeatLines(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			for lines := bufio.NewScanner(c); lines.Scan(); {
				fmt.Fprintln(c, lines.Text())
			}
		}()
	}
}
