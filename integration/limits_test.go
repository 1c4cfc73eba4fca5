package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// backendNames are those that translations can be held by.
var backendNames = []string{"nftables", "iptables-nft", "iptables-legacy"}

// by has a network's translations held by a backend. The variant of iptables is that of the
// program "iptables".
func by(t *testing.T, n testbed.Network, backend string) testbed.Network {
	t.Helper()
	if variant, ok := strings.CutPrefix(backend, "iptables-"); ok {
		useVariant(t, variant)
		backend = "iptables"
	}
	n = n.With(0, "ipMasqBackend", backend)
	if len(n.Chain) > 1 {
		n = n.With(1, "backend", backend)
	}
	return n
}

func useVariant(t *testing.T, variant string) {
	t.Helper()
	path, err := exec.LookPath("iptables-" + variant)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(path, filepath.Join(dir, "iptables")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// onEveryBackend runs a test with each backend, and sees that the host is as before.
func onEveryBackend(t *testing.T, test func(*testing.T, *testbed.Host, testbed.Network)) {
	for _, backend := range backendNames {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			h.Run("ip", "addr", "add", secondAddr4, "dev", "uplink")
			n = by(t, n, backend)
			warmUp(h, backend)
			before := h.Snapshot()
			test(t, h, n)
			h.Same(t, before)
		})
	}
}

// warmUp has the programs of iptables make the tables and chains of the kernel, which stay.
func warmUp(h *testbed.Host, backend string) {
	variant, ok := strings.CutPrefix(backend, "iptables-")
	if !ok {
		return
	}
	for _, program := range []string{"iptables-", "ip6tables-"} {
		for _, chain := range []string{"raw PREROUTING", "nat PREROUTING", "nat OUTPUT", "nat POSTROUTING"} {
			table, name, _ := strings.Cut(chain, " ")
			h.Run(program+variant, "-t", table, "-A", name)
			h.Run(program+variant, "-t", table, "-D", name, "1")
		}
	}
}

// secondAddr4 is another address of the host.
const secondAddr4 = "198.51.100.7"

// limit is a way to limit who a port answers.
type limit struct {
	name string
	port testbed.Port
	key  string // of natport; may be empty
	to   any
	// who gets an answer, of "LAN host sibling"
	answered string
	address  string // that is asked; the host's first one if empty
}

func limits() []limit {
	port := testbed.Port{HostPort: 8080, ContainerPort: 80}
	from := func(ranges ...string) testbed.Port { p := port; p.SourceRanges = ranges; return p }
	one := port
	one.HostIP = testbed.HostAddr4
	return []limit{
		{"clients", from(testbed.LANAddr4, "2001:db8:1::/64"), "", nil, "LAN", ""},
		{"clients, overlapping", from("198.51.100.0/24", "198.51.100.0/28"), "", nil, "LAN host", ""},
		{"other clients", from("192.0.2.0/24"), "", nil, "", ""},
		{"link", port, "hostInterfaces", []any{"uplink"}, "LAN", ""},
		{"links by their beginning", port, "hostInterfaces", []any{"up+", "lo"}, "LAN host", ""},
		{"processes of the host", port, "hostInterfaces", []any{"lo"}, "host", ""},
		{"containers", port, "hostInterfaces", []any{"demo0"}, "sibling", ""},
		{"address", port, "hostAddresses", []any{testbed.HostAddr4}, "LAN host sibling", ""},
		{"prefix of addresses", port, "hostAddresses", []any{"198.51.100.0/29"}, "LAN host sibling", ""},
		{"another address", port, "hostAddresses", []any{secondAddr4}, "", ""},
		{"another address, asked", port, "hostAddresses", []any{secondAddr4}, "LAN host sibling", secondAddr4},
		{"strict", one, "strictHostIP", true, "LAN host", ""},
		{"condition as iptables has it", port, "conditionsV4", []any{"-s", "198.51.100.0/24", "-i", "uplink"}, "LAN", ""},
		{"condition that excludes", port, "conditionsV4", []any{"!", "-s", "198.51.100.2/32"}, "host sibling", ""},
		{"condition as nft has it", port, "conditionsV4", []any{"ip", "saddr", "!=", "10.99.0.0/24"}, "LAN host", ""},
		{"condition with a set", port, "conditionsV4", []any{"ip", "saddr", "{", "198.51.100.1,", testbed.LANAddr4, "}"}, "LAN host", ""},
		{"condition outside of a set", port, "conditionsV4", []any{"ip saddr != {198.51.100.1, " + testbed.LANAddr4 + "}"}, "sibling", ""},
		{"condition with a list", port, "conditionsV4", []any{"-s", "198.51.100.1," + testbed.LANAddr4}, "LAN host", ""},
		{"condition on the address", port, "conditionsV4", []any{"ip daddr " + secondAddr4}, "", ""},
	}
}

// TestAPortAnswersWhomItIsFor is promise P37 and the keys that limit a port: for each of them,
// who is answered, and that nobody else is.
func TestAPortAnswersWhomItIsFor(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		sibling, siblingResult := attach(t, h, n, "sibling")
		for _, l := range limits() {
			network := n
			if l.key != "" {
				network = n.With(1, l.key, l.to)
			}
			web, result := attach(t, h, network, "web", l.port)
			answers(t, h, l, map[string]string{"LAN": h.LAN, "host": "", "sibling": sibling.Netns})
			if a := network.Check(t, web, result.Raw); a.Exit != 0 {
				t.Errorf("%s: CHECK: %s", l.name, a.Stdout)
			}
			network.Del(t, web, nil)
		}
		n.Del(t, sibling, siblingResult.Raw)
	})
}

func answers(t *testing.T, h *testbed.Host, l limit, clients map[string]string) {
	t.Helper()
	address := testbed.HostAddr4
	if l.address != "" {
		address = l.address
	}
	for name, path := range clients {
		if strings.Contains(l.answered, name) {
			if _, _, err := h.Ask(path, "tcp", address, 8080); err != nil {
				t.Errorf("%s: %s gets no answer: %v", l.name, name, err)
			}
		} else if !h.Silent(path, "tcp", address, 8080) {
			t.Errorf("%s: %s gets an answer", l.name, name)
		}
	}
}

// TestTrafficLeavesAsTheConfigSays looks at the source that the LAN sees, and a container
// behind a published port.
func TestTrafficLeavesAsTheConfigSays(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		h.Serve(h.LAN, "tcp", 7000, "lan")
		for _, way := range []struct {
			key    string
			to     any
			seen   string // by the LAN
			client string // the container takes the LAN for
		}{
			{"snatTo", []any{secondAddr4}, secondAddr4, testbed.LANAddr4},
			{"masqueradeRandomFully", true, testbed.HostAddr4, testbed.LANAddr4},
			{"masqAll", true, testbed.HostAddr4, "10.99.0.1"},
		} {
			network := n.With(1, way.key, way.to).With(1, "ipMasq", true).With(0, "ipMasq", false)
			web, result := attach(t, h, network, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7000, "lan", way.seen)
			expect(t, h, web.Netns, "tcp", testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", way.client)
			if a := network.Check(t, web, result.Raw); a.Exit != 0 {
				t.Errorf("%s: CHECK: %s", way.key, a.Stdout)
			}
			network.Del(t, web, nil)
		}
	})
}

// TestSomeDestinationsSeeTheContainersOwnAddress has the LAN's address of one family among them.
func TestSomeDestinationsSeeTheContainersOwnAddress(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		h.Serve(h.LAN, "tcp", 7000, "lan")
		h.RunIn(h.LAN, "ip", "route", "add", "10.99.0.0/24", "via", testbed.HostAddr4)
		n = n.With(1, "nonMasqueradeCIDRs", []any{"198.51.100.0/24", "198.51.100.0/25", "fd00::/8"}).With(1, "ipMasq", true)
		web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
		expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7000, "lan", web4)
		expect(t, h, web.Netns, "tcp", testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
		expect(t, h, web.Netns, "tcp", testbed.HostAddr4, 8080, "web", "")
		if a := n.Check(t, web, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
		n.Del(t, web, nil)
	})
}

// TestConditionsInTheWordsOfIptablesReachItsRules has matches that only iptables knows: they work, are
// CHECKed, survive others' ADDs, and words that iptables does not know are refused before anything changes.
func TestConditionsInTheWordsOfIptablesReachItsRules(t *testing.T) {
	for _, backend := range backendNames[1:] {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend)
			warmUp(h, backend)
			before := h.Snapshot()
			network := n.With(1, "conditionsV4", []any{"-m", "iprange", "--src-range", "198.51.100.2-198.51.100.9", "!", "-i", "demo+", "-d", testbed.HostAddr4})
			web, result := attach(t, h, network, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
			limit := limit{name: "range of clients", answered: "LAN"}
			answers(t, h, limit, map[string]string{"LAN": h.LAN, "host": "", "sibling": db.Netns})
			if rules := h.Run(backend + "-save"); !strings.Contains(rules, "-m iprange --src-range 198.51.100.2-198.51.100.9") {
				t.Errorf("rules:\n%s", rules)
			}
			if a := network.Check(t, web, result.Raw); a.Exit != 0 {
				t.Errorf("CHECK: %s", a.Stdout)
			}
			says(t, h, 0, []string{"nothing to repair"}, "repair")
			n.Del(t, db, dbResult.Raw)
			network.Del(t, web, result.Raw)
			refused(t, h, n.With(1, "conditionsV4", []any{"-m", "nosuchmatch"}), testbed.Container{
				ID: "bad", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}},
			}, 7, "nosuchmatch")
			h.Same(t, before)
		})
	}
}

// TestConditionsOfIptablesAloneChooseItsBackend: a config of the reference portmap names no backend.
func TestConditionsOfIptablesAloneChooseItsBackend(t *testing.T) {
	h, n := newDemo(t)
	for _, key := range []string{"conditionsV4", "conditionsV6"} {
		network := n.With(1, key, []any{"-m", "addrtype", "!", "--src-type", "LOCAL"})
		web, result := attach(t, h, network, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
		if rules := h.Run("iptables-save"); !strings.Contains(rules, "8080") {
			t.Errorf("%s: iptables has no such port:\n%s", key, rules)
		}
		n.Del(t, web, result.Raw)
	}
	nft := n.With(1, "conditionsV4", []any{"meta", "l4proto", "tcp"})
	refused(t, h, nft, testbed.Container{ID: "bad", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}, 7, "l4proto")
}
