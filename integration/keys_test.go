package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// keyCase is a key of vethbridge, and where its effect is to be seen: the words that a command
// prints, with LINK for the host's end of the port.
type keyCase struct {
	key     string
	value   any
	inside  bool // the command runs in the container
	command string
	shows   string
	without string // what it shows without the key; empty: not shows
}

func keyCases() []keyCase {
	return []keyCase{
		{key: "hairpinMode", value: true, command: "ip -d link show LINK", shows: "hairpin on"},
		{key: "portIsolation", value: true, command: "ip -d link show LINK", shows: "isolated on"},
		{key: "promiscMode", value: true, command: "ip link show demo0", shows: "PROMISC"},
		{key: "enabledad", value: true, inside: true, command: "sysctl -n net.ipv6.conf.eth0.accept_dad", shows: "1"},
		{key: "enabledad", value: true, inside: true, command: "ip -6 addr show dev eth0 scope global", without: "nodad"},
		{key: "mtu", value: 1400, inside: true, command: "ip link show eth0", shows: "mtu 1400"},
		{key: "isDefaultGateway", value: false, inside: true, command: "ip route", without: "default via 10.99.0.1"},
		{key: "spoofGuard", value: false, command: "ip link show group 30306", without: "veth"},
		{key: "dropInvalid", value: false, command: "nft list set inet vethbridge-walls valid_only", without: "demo0"},
	}
}

func TestEveryKeyHasItsEffect(t *testing.T) {
	for _, k := range keyCases() {
		t.Run(k.key, func(t *testing.T) {
			for _, set := range []bool{false, true} {
				h, n := newDemo(t)
				if set {
					n = n.With(0, k.key, k.value)
				}
				c := testbed.Container{ID: "web", Netns: h.NewContainer()}
				result := n.Add(t, c)
				shown := h.RunIn(k.place(c), "sh", "-c", strings.ReplaceAll(k.command, "LINK", result.Interfaces[1].Name))
				if words, want := k.words(set); strings.Contains(shown, words) != want {
					t.Errorf("set %t: %q in %q: want %t", set, words, shown, want)
				}
				if a := n.Check(t, c, result.Raw); a.Exit != 0 {
					t.Errorf("set %t: CHECK: %s", set, a.Stdout)
				}
				n.Del(t, c, result.Raw)
			}
		})
	}
}

func (k keyCase) place(c testbed.Container) string {
	if k.inside {
		return c.Netns
	}
	return "/proc/thread-self/ns/net"
}

// words are what to look for, and whether it must be there.
func (k keyCase) words(set bool) (string, bool) {
	if k.without != "" {
		return k.without, !set
	}
	return k.shows, set
}

func TestTheMTUFollowsTheDefaultRoute(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "link", "set", "uplink", "mtu", "1420")
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	result := n.Add(t, c)
	if link := h.RunIn(c.Netns, "ip", "link", "show", "eth0"); !strings.Contains(link, "mtu 1420") {
		t.Errorf("the container has %s", link)
	}
	if !strings.Contains(strings.ReplaceAll(string(result.Raw), " ", ""), `"mtu":1420`) {
		t.Errorf("the result has no MTU: %s", result.Raw)
	}
}

// TestTheRuntimesWordWins is the precedence of what is asked for: CNI_ARGS, args.cni,
// runtimeConfig, each over the one before.
func TestTheRuntimesWordWins(t *testing.T) {
	asked := testbed.Config{"mac": "02:00:00:00:00:02", "ips": []any{"10.99.0.12", "fd99::12"}}
	runtime := testbed.Config{"mac": "02:00:00:00:00:03", "ips": []any{"10.99.0.13/24", "fd99::13/64"}, "aliases": testbed.Config{"demo": []any{"www"}}}
	for i, want := range []string{"1", "2", "3"} {
		h, n := newDemo(t)
		c := testbed.Container{ID: "web", Netns: h.NewContainer(), Args: "IgnoreUnknown=1;MAC=02:00:00:00:00:01;IP=10.99.0.11,fd99::11"}
		if i > 0 {
			n = n.With(0, "args", testbed.Config{"cni": asked})
		}
		if i > 1 {
			n = n.With(0, "runtimeConfig", runtime)
		}
		n.Add(t, c)
		shown := h.RunIn(c.Netns, "ip", "addr", "show", "eth0")
		for _, words := range []string{"02:00:00:00:00:0" + want, "10.99.0.1" + want + "/24", "fd99::1" + want + "/64"} {
			if !strings.Contains(shown, words) {
				t.Errorf("%s is not in %s", words, shown)
			}
		}
	}
}

func TestRangesOfTheRuntimeAreUsed(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{}).With(0, "runtimeConfig", testbed.Config{"ipRanges": []any{[]any{testbed.Config{"subnet": "10.97.0.0/24"}}}})
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	if result := n.Add(t, c); result.IPs[0].Address != "10.97.0.2/24" {
		t.Errorf("result %s", result.Raw)
	}
}

// TestIsGatewayGivesTheBridgeItsAddressAndTheContainerNoDefaultRoute: with neither key the bridge is a
// switch that happens to have an address range.
func TestIsGatewayGivesTheBridgeItsAddressAndTheContainerNoDefaultRoute(t *testing.T) {
	for _, isGateway := range []bool{false, true} {
		h, n := newDemo(t)
		n.Chain = n.Chain[:1]
		n = n.With(0, "isDefaultGateway", nil).With(0, "isGateway", isGateway)
		web, result := attach(t, h, n, "web")
		db, _ := attach(t, h, n, "db")
		expect(t, h, db.Netns, "tcp", web4, 80, "web", "10.99.0.3")
		if routes := h.RunIn(web.Netns, "ip", "route"); strings.Contains(routes, "default") {
			t.Errorf("isGateway %t: the container has %s", isGateway, routes)
		}
		addresses, forwards := h.Run("ip", "-br", "addr", "show", "demo0"), strings.TrimSpace(h.Run("sysctl", "-n", "net.ipv4.ip_forward")) == "1"
		if strings.Contains(addresses, "10.99.0.1/24") != isGateway || strings.Contains(addresses, "fd99::1/64") != isGateway || forwards != isGateway {
			t.Errorf("isGateway %t: the bridge has %s, the host forwards: %t", isGateway, addresses, forwards)
		}
		if a := n.Check(t, web, result.Raw); a.Exit != 0 {
			t.Errorf("isGateway %t: CHECK: %s", isGateway, a.Stdout)
		}
		n.Del(t, db, nil)
		n.Del(t, web, nil)
	}
}

// TestDisableContainerInterfaceLeavesItDown is for a layer-2 network, as with the reference plugin.
func TestDisableContainerInterfaceLeavesItDown(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", nil).With(0, "disableContainerInterface", true)
	n.Chain = n.Chain[:1]
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	result := n.Add(t, c)
	if link := h.RunIn(c.Netns, "ip", "-br", "link", "show", "eth0"); !strings.Contains(link, "DOWN") {
		t.Errorf("the container has %s", link)
	}
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	h.RunIn(c.Netns, "ip", "link", "set", "eth0", "up")
	if e, _ := n.Check(t, c, result.Raw).Error(); !strings.Contains(e.Message, "eth0 in the container is up: true, want false") {
		t.Errorf("CHECK of one that is up: %+v", e)
	}
	n.Del(t, c, result.Raw)
}

// TestCapabilitiesOfTheRuntimeAreReadInAnyLetterCase has each capability of the bridge in the three
// ways in which runtimes write keys.
func TestCapabilitiesOfTheRuntimeAreReadInAnyLetterCase(t *testing.T) {
	spellings := map[string]func(string) string{
		"spec": func(s string) string { return s }, "upper": strings.ToUpper, "go-cni": func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
	}
	for name, spell := range spellings {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			n.Chain = n.Chain[:1]
			n = n.With(0, "ipam", testbed.Config{}).With(0, "runtimeConfig", testbed.Config{
				spell("mac"): "02:00:00:00:00:03", spell("ips"): []any{"10.97.0.13/24"}, spell("aliases"): testbed.Config{"demo": []any{"www"}},
				spell("ipRanges"): []any{[]any{testbed.Config{spell("subnet"): "10.97.0.0/24"}}},
				spell("dns"):      testbed.Config{spell("servers"): []any{"192.0.2.53"}, spell("searches"): []any{"example.org"}, spell("options"): []any{"ndots:2"}},
			}).With(0, "dns", testbed.Config{"nameservers": []any{"192.0.2.54"}})
			c := testbed.Container{ID: "web", Netns: h.NewContainer()}
			result := n.Add(t, c)
			shown := h.RunIn(c.Netns, "ip", "addr", "show", "eth0") + string(result.Raw)
			for _, words := range []string{"02:00:00:00:00:03", "10.97.0.13/24", `"192.0.2.53"`, `"example.org"`, `"ndots:2"`} {
				if !strings.Contains(shown, words) {
					t.Errorf("%s is not in %s", words, shown)
				}
			}
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("CHECK: %s", a.Stdout)
			}
			n.Del(t, c, result.Raw)
		})
	}
}

// TestCapabilitiesAreReadInAnyLetterCase is what go-cni's runtimes send.
func TestCapabilitiesAreReadInAnyLetterCase(t *testing.T) {
	h, n := newDemo(t)
	mapping := testbed.Config{"HostPort": 8080, "ContainerPort": 80, "Protocol": "TCP", "HostIP": ""}
	n = n.With(1, "runtimeConfig", testbed.Config{"portMappings": []any{mapping}})
	_, _ = attach(t, h, n, "web")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
}

func TestDNSIsReportedFromTheConfigOrAFile(t *testing.T) {
	h, n := newDemo(t)
	file := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(file, []byte("nameserver 192.0.2.53\nsearch example.org\noptions ndots:2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ipam := n.Chain[0]["ipam"].(testbed.Config).With("resolvConf", file)
	fromFile := n.With(0, "ipam", ipam)
	own := fromFile.With(0, "dns", testbed.Config{"nameservers": []any{"192.0.2.54"}})
	for want, network := range map[string]testbed.Network{"192.0.2.53": fromFile, "192.0.2.54": own} {
		result := network.Add(t, testbed.Container{ID: "c" + want[len(want)-1:], Netns: h.NewContainer()})
		var r struct {
			DNS struct{ Nameservers []string }
		}
		if err := json.Unmarshal(result.Raw, &r); err != nil || len(r.DNS.Nameservers) != 1 || r.DNS.Nameservers[0] != want {
			t.Errorf("want %s: %v, %s", want, err, result.Raw)
		}
	}
}

// TestAResolvConfThatIsNoFileIsRefusedAndNotWaitedFor: nobody writes to the FIFO, and the device never ends.
func TestAResolvConfThatIsNoFileIsRefusedAndNotWaitedFor(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	for _, path := range []string{fifo(t), "/dev/zero", t.TempDir()} {
		n := n.With(0, "ipam", n.Chain[0]["ipam"].(testbed.Config).With("resolvConf", path))
		for _, verb := range []string{"ADD", "STATUS"} {
			a := n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: verb, Container: "web", Netns: h.NewContainer(), Config: n.Chain[0].JSON(),
				Wrap: []string{"prlimit", "--as=4294967296", "timeout", "-s", "KILL", "20"}})
			if e, ok := a.Error(); !ok || e.Code != 7 || !strings.Contains(e.Message, "ipam.resolvConf") || !strings.Contains(e.Message, path) || !strings.Contains(e.Message, "is no file") {
				t.Errorf("%s of %s: exit %d, %s", verb, path, a.Exit, a.Stdout)
			}
		}
		h.Same(t, before)
	}
}

func TestTheLogFileHasALineForEachOperationAndStep(t *testing.T) {
	h, n := newDemo(t)
	file := filepath.Join(t.TempDir(), "log")
	n = n.With(0, "logFile", file).With(0, "logLevel", "debug")
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	n.Del(t, c, n.Add(t, c).Raw)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var entry struct{ Time, Level, Msg, Network, Container string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg == "" || entry.Network != "demo" || entry.Container != "web" {
			t.Errorf("%v: %s", err, line)
		}
	}
	for _, words := range []string{`"msg":"ADD done"`, `"msg":"DEL done"`, `"step":"attach port"`} {
		if !strings.Contains(string(text), words) {
			t.Errorf("%s is not in\n%s", words, text)
		}
	}
}
