package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// badInput is one thing that must be refused: the code of the error, and a word in it by
// which the operator finds what is wrong.
type badInput struct {
	name string
	code int
	word string
	call testbed.Call
}

// verbObjectCause is the form of every message.
var verbObjectCause = regexp.MustCompile(`^[a-z]+ [^:]+: .+`)

// onEmptyRun runs a call where /run is empty: for a stateDir that makes no sense, DEL looks at the default one.
var onEmptyRun = []string{"unshare", "--mount", "sh", "-ec", `mount -t tmpfs tmpfs /run && exec "$0"`}

func TestBadInputIsRefusedAndChangesNothing(t *testing.T) {
	h, n := newDemo(t)
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	h.Run("ip", "link", "add", "taken0", "type", "veth", "peer", "name", "taken1")
	h.Run("ip", "link", "set", "taken1", "netns", c.Netns)
	h.Run("ip", "link", "add", "small0", "mtu", "1280", "type", "bridge")
	h.Run("ip", "link", "set", "small0", "up")
	before := h.Snapshot()
	for _, bad := range append(badInputs(t, n, c), rareInputs(n, c)...) {
		bad.call.Command = "ADD"
		answer := n.Plugins.Do(t, bad.call)
		e, ok := answer.Error()
		if !ok || e.Code != bad.code || !strings.Contains(e.Message+e.Details, bad.word) {
			t.Errorf("%s: exit %d, %s; want code %d and the word %q", bad.name, answer.Exit, answer.Stdout, bad.code, bad.word)
		}
		if !verbObjectCause.MatchString(e.Message) {
			t.Errorf("%s: message %q does not have the form verb object: cause", bad.name, e.Message)
		}
		h.Same(t, before)
		// DEL never fails for a config that made ADD fail, as long as it names the network.
		if bad.call.Command = "DEL"; bad.code == 7 && bad.name != "missing name" {
			bad.call.Wrap = onEmptyRun
			if answer := n.Plugins.Do(t, bad.call); answer.Exit != 0 {
				t.Errorf("%s: DEL: %s", bad.name, answer.Stdout)
			}
			h.Same(t, before)
		}
	}
}

func badInputs(t *testing.T, n testbed.Network, c testbed.Container) []badInput {
	call := func(conf testbed.Config) testbed.Call {
		return testbed.Call{Plugin: conf["type"].(string), Container: c.ID, Netns: c.Netns, Config: conf.JSON()}
	}
	bridge, ports := n.Chain[0], n.Chain[1]
	raw := func(text string) testbed.Call { b := call(bridge); b.Config = text; return b }
	netns := func(path string) testbed.Call { b := call(bridge); b.Netns = path; return b }
	ifName := func(name string) testbed.Call { b := call(bridge); b.IfName = name; return b }
	key := func(key string, value any) testbed.Call { return call(bridge.With(key, value)) }
	ranged := func(r testbed.Config) testbed.Call {
		return key("ipam", testbed.Config{"ranges": []any{[]any{r}}})
	}
	previous := testbed.Config{"cniVersion": "1.1.0", "ips": []any{testbed.Config{"address": "10.99.0.2/24"}}}
	ports = ports.With("prevResult", previous)
	list := []badInput{
		{"bad JSON", 6, "invalid character", raw(`{"name" 1}`)},
		{"unknown cniVersion", 1, "incompatible", key("cniVersion", "9.9.9")},
		{"missing name", 7, "name", key("name", nil)},
		{"value of the wrong type", 6, `"mtu" must be a whole number, not string`, key("mtu", "big")},
		{"route by an address of nobody's", 7, `("gw") must be in a subnet`, key("ipam", testbed.Config{
			"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/24"}}}, "routes": []any{testbed.Config{"dst": "10.9.0.0/16", "gw": "10.2.0.1"}}})},
		{"bad subnet", 7, "ipam.ranges[0][0].subnet", ranged(testbed.Config{"subnet": "10.99.0.0/33"})},
		{"gateway outside the subnet", 7, "ipam.ranges[0][0].gateway", ranged(testbed.Config{"subnet": "10.99.0.0/24", "gateway": "10.98.0.1"})},
		{"negative MTU", 7, "mtu", key("mtu", -1)},
		{"bad bridge name", 7, "bridge", key("bridge", "br0;reboot")},
		{"link that is no bridge", 105, "taken0", key("bridge", "taken0")},
		{"MTU beyond the bridge's", 7, "1280", call(bridge.With("bridge", "small0").With("mtu", 1400))},
		{"interface name that is taken", 105, "in the container", ifName("taken1")},
		{"relative state directory", 7, "stateDir", key("stateDir", "state")},
		{"requested address outside", 7, "10.1.1.1", key("args", testbed.Config{"cni": testbed.Config{"ips": []any{"10.1.1.1"}}})},
		{"requested gateway", 7, "gateway", key("args", testbed.Config{"cni": testbed.Config{"ips": []any{"10.99.0.1"}}})},
		{"multicast MAC", 7, "mac", key("runtimeConfig", testbed.Config{"mac": "01:00:5e:00:00:01"})},
		{"netns is a file", 4, "CNI_NETNS", netns(plainFile(t))},
		{"netns is a FIFO", 4, "CNI_NETNS", netns(fifo(t))},
		{"netns is the host's own", 4, "CNI_NETNS", netns("/proc/self/ns/net")},
		{"netns is missing", 4, "CNI_NETNS", netns("/run/netns/nowhere")},
		{"interface name with a pattern", 4, "CNI_IFNAME", ifName("eth%d")},
		{"interface name of the loopback", 4, "CNI_IFNAME", ifName("lo")},
		{"range to choose from that is none", 7, "hostPortRange", call(ports.With("hostPortRange", "80"))},
		{"interface that stays down, with addresses", 7, "disableContainerInterface", key("disableContainerInterface", true)},
		{"zone with a space", 7, "firewalldZone", key("firewalldZone", "my zone")},
		{"no previous result", 7, "prevResult", call(n.Chain[1])},
		{"conflict policy that is none", 7, "hostPortConflict", call(ports.With("hostPortConflict", "maybe"))},
		{"mode that is none", 7, "mode", key("mode", "open")},
		{"isolation that is none", 7, "isolation", key("isolation", "all")},
		{"host access that is none", 7, "hostAccess", key("hostAccess", "some")},
		{"masquerade of a network without a way out", 7, "ipMasq", call(bridge.With("internal", true).With("ipMasq", true))},
	}
	return slices.Concat(list, badPorts(call, ports), badNAT(call, ports, bridge))
}

// badPorts are ports that can't be published.
func badPorts(call func(testbed.Config) testbed.Call, ports testbed.Config) []badInput {
	port := func(p testbed.Port) testbed.Call {
		return call(ports.With("runtimeConfig", testbed.Config{"portMappings": []any{p}}))
	}
	return []badInput{
		{"host port -1", 7, "hostPort", port(testbed.Port{HostPort: -1, ContainerPort: 80})},
		{"range that ends before it begins", 7, "hostPortEnd", port(testbed.Port{HostPort: 80, HostPortEnd: 79, ContainerPort: 80})},
		{"range beyond the container's ports", 7, "hostPortEnd", port(testbed.Port{HostPort: 80, HostPortEnd: 90, ContainerPort: 65530})},
		{"host port 70000", 7, "hostPort", port(testbed.Port{HostPort: 70000, ContainerPort: 80})},
		{"container port -1", 7, "containerPort", port(testbed.Port{HostPort: 80, ContainerPort: -1})},
		{"protocol icmp", 7, "protocol", port(testbed.Port{HostPort: 80, ContainerPort: 80, Protocol: "icmp"})},
		{"protocol with a rule", 7, "protocol", port(testbed.Port{HostPort: 80, ContainerPort: 80, Protocol: "tcp; drop"})},
		{"bad host address", 7, "hostIP", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "not-an-ip"})},
		{"the loopback address of IPv6", 7, "127.0.0.1", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "::1"})},
		{"no family to serve", 7, "family", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "2001:db8::1"})},
		{"host address of all", 7, "portMappings[0].hostIP", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "255.255.255.255"})},
		{"host address of all, written as IPv6", 7, "portMappings[0].hostIP", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "::ffff:255.255.255.255"})},
		{"host address of a group", 7, "portMappings[0].hostIP", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "224.0.0.1"})},
		{"host address of a group, IPv6", 7, "portMappings[0].hostIP", port(testbed.Port{HostPort: 80, ContainerPort: 80, HostIP: "ff02::1"})},
	}
}

// badNAT are bad values of the keys about translations.
func badNAT(call func(testbed.Config) testbed.Call, ports, bridge testbed.Config) []badInput {
	key := func(key string, value any) testbed.Call { return call(ports.With(key, value)) }
	source := testbed.Config{"portMappings": []any{testbed.Config{"hostPort": 80, "containerPort": 80, "sourceRanges": []any{"10.0.0.0/33"}}}}
	return []badInput{
		{"list that is an object", 6, `"runtimeConfig.portMappings" must be a list, not object`, call(ports.With("runtimeConfig", testbed.Config{"portMappings": testbed.Config{}}))},
		{"ports of a container without an address", 7, `"ipam" into the config`, call(ports.With("prevResult", testbed.Config{"cniVersion": "1.1.0"}).
			With("runtimeConfig", testbed.Config{"portMappings": []any{testbed.Port{HostPort: 80, ContainerPort: 80}}}))},
		{"backend that is none", 7, "nftables or iptables", key("backend", "pf")},
		{"masquerade by a backend that is none", 7, "ipMasqBackend", call(bridge.With("ipMasqBackend", "pf"))},
		{"clients that are none", 7, "portMappings[0].sourceRanges[0]", key("runtimeConfig", source)},
		{"host address that is none", 7, "hostAddresses[0]", key("hostAddresses", []any{"eth0"})},
		{"host link that is none", 7, "hostInterfaces[0]", key("hostInterfaces", []any{"eth0 -j ACCEPT"})},
		{"condition on a port", 7, "--dport", key("conditionsV4", []any{"--dport", "80"})},
		{"condition with another target, for iptables", 7, "-j", call(ports.With("backend", "iptables").With("conditionsV4", []any{"-j", "ACCEPT"}))},
		{"condition with a port, for iptables", 7, "--dport", call(ports.With("backend", "iptables").With("conditionsV4", []any{"-m", "tcp", "--dport", "1"}))},
		{"condition without a value", 7, "conditionsV6", key("conditionsV6", []any{"-s"})},
		{"condition of the other family", 7, "fd00::/8", key("conditionsV4", []any{"-s", "fd00::/8"})},
		{"condition with another target", 7, "conditionsV4", key("conditionsV4", []any{"ip", "saddr", "10.0.0.0/8", "accept"})},
		{"condition on no link, for nftables", 7, "-i", call(ports.With("backend", "nftables").With("conditionsV4", []any{"!", "-i", "eth0"}))},
		{"bit that is none", 7, "markMasqBit", key("markMasqBit", 32)},
		{"bit and chain", 7, "markMasqBit", call(ports.With("markMasqBit", 5).With("externalSetMarkChain", "KUBE-MARK-MASQ"))},
		{"chain that is none", 7, "externalSetMarkChain", key("externalSetMarkChain", "A -j ACCEPT")},
		{"bit for nftables", 7, "iptables", call(ports.With("markMasqBit", 5).With("backend", "nftables"))},
		{"address to leave with that is none", 7, "snatTo", call(ports.With("ipMasq", true).With("snatTo", []any{"127.0.0.1"}))},
		{"two addresses to leave with", 7, "second address", call(ports.With("ipMasq", true).With("snatTo", []any{"192.0.2.1", "192.0.2.2"}))},
		{"destinations without masquerade, without masquerade", 7, "ipMasq", call(ports.With("ipMasq", false).With("nonMasqueradeCIDRs", []any{"10.0.0.0/8"}))},
		{"destinations without masquerade that are none", 7, "nonMasqueradeCIDRs", call(ports.With("ipMasq", true).With("nonMasqueradeCIDRs", []any{"0.0.0.0/0"}))},
		{"address to leave with, without masquerade", 7, "ipMasq", call(ports.With("ipMasq", false).With("snatTo", []any{"192.0.2.1"}))},
		{"random ports without masquerade", 7, "ipMasq", call(ports.With("ipMasq", false).With("masqueradeRandomFully", true))},
	}
}

// TestWithoutTheRightsTheErrorSaysWhichAreNeeded takes one after the other away.
func TestWithoutTheRightsTheErrorSaysWhichAreNeeded(t *testing.T) {
	h, n := newDemo(t)
	n.Chain = n.Chain[:1]
	before := h.Snapshot()
	for _, right := range []string{"net_admin", "sys_admin"} {
		c := testbed.Container{ID: "web", Netns: h.NewContainer()}
		n.Wrap = []string{"setpriv", "--bounding-set=-" + right}
		answer, _ := n.TryAdd(t, c)
		if e, ok := answer.Error(); !ok || !strings.Contains(e.Message, "operation not permitted") || !strings.Contains(e.Details, "CAP_NET_ADMIN and CAP_SYS_ADMIN") {
			t.Errorf("without %s: %s", right, answer.Stdout)
		}
		n.Wrap = nil
		n.Del(t, c, nil)
		h.Same(t, before)
	}
}

func plainFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fifo(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
