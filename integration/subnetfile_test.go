package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// subnetEnv is what flanneld writes on a host of a dual-stack network that it leaves masquerading
// to others on.
const subnetEnv = `FLANNEL_NETWORK=10.244.0.0/16
FLANNEL_SUBNET=10.244.7.1/24
FLANNEL_IPV6_NETWORK=fd44::/48
FLANNEL_IPV6_SUBNET=fd44:0:0:7::1/64
FLANNEL_MTU=1450
FLANNEL_IPMASQ=false
`

// withSubnetFile is the demo network, which has all that it can from a file.
func withSubnetFile(t *testing.T, n testbed.Network, text string) (testbed.Network, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "subnet.env")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return n.With(0, "ipam", nil).With(0, "subnetFile", file).With(1, "ipMasq", nil), file
}

func TestFlannelsSubnetFileSaysRangesMTUAndMasquerade(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n, file := withSubnetFile(t, n, subnetEnv)
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	for _, want := range []string{"10.244.7.2/24", "10.244.7.1", "fd44:0:0:7::2/64", "fd44:0:0:7::1", "10.244.0.0/16", "fd44::/48"} {
		if !strings.Contains(string(result.Raw), `"`+want+`"`) {
			t.Errorf("the result lacks %s: %s", want, result.Raw)
		}
	}
	if link := h.RunIn(c.Netns, "ip", "link", "show", "eth0") + h.Run("ip", "link", "show", "demo0"); strings.Count(link, "mtu 1450") != 2 {
		t.Errorf("the MTU is not flannel's: %s", link)
	}
	h.Serve(h.LAN, "tcp", 7000, "lan")
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	expect(t, h, c.Netns, "tcp", testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	another := func(address string) { // host of the flannel network, with the way back
		h.RunIn(h.LAN, "ip", "address", "add", address, "dev", "lo")
		h.Run("ip", "route", "add", "10.244.8.0/24", "via", testbed.LANAddr4)
		h.RunIn(h.LAN, "ip", "route", "add", "10.244.7.0/24", "via", testbed.HostAddr4)
	}
	another("10.244.8.2/24")
	expect(t, h, c.Netns, "tcp", "10.244.8.2", 7000, "lan", "10.244.7.2")
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	h.Run("ip", "route", "del", "10.244.8.0/24")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestWhatTheConfigSaysWinsOverFlannelsSubnetFile is about each key that the file stands for.
func TestWhatTheConfigSaysWinsOverFlannelsSubnetFile(t *testing.T) {
	h, n := newDemo(t)
	h.Serve(h.LAN, "tcp", 7000, "lan")
	h.RunIn(h.LAN, "ip", "route", "add", "10.244.7.0/24", "via", testbed.HostAddr4)
	for name, way := range map[string]struct {
		text, key string
		value     any
	}{
		"flanneld masquerades": {strings.Replace(subnetEnv, "IPMASQ=false", "IPMASQ=true", 1), "mtu", 1300},
		"nobody masquerades":   {subnetEnv, "ipMasq", false},
	} {
		n, _ := withSubnetFile(t, n, way.text)
		n = n.With(0, way.key, way.value)
		c, result := attach(t, h, n, "web")
		expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", strings.TrimSuffix(result.IPs[0].Address, "/24"))
		if link := h.RunIn(c.Netns, "ip", "link", "show", "eth0"); way.key == "mtu" && !strings.Contains(link, "mtu 1300") {
			t.Errorf("%s: %s", name, link)
		}
		n.Del(t, c, result.Raw)
		h.StopServing()
		h.Serve(h.LAN, "tcp", 7000, "lan")
	}
}

// TestALostLeaseIsRefusedWhileContainersOfItAreThere is about a host that gets another subnet.
func TestALostLeaseIsRefusedWhileContainersOfItAreThere(t *testing.T) {
	h, demo := newDemo(t)
	before := h.Snapshot()
	old, _ := withSubnetFile(t, demo, subnetEnv)
	c, result := attach(t, h, old, "old", testbed.Port{HostPort: 8080, ContainerPort: 80})
	n, _ := withSubnetFile(t, demo, strings.NewReplacer("10.244.7.", "10.244.9.", "0:7:", "0:9:").Replace(subnetEnv))
	next := testbed.Container{ID: "next", Netns: h.NewContainer()}
	refused(t, h, n, next, 105, "demo/old/eth0")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "old", "")
	n.Del(t, c, result.Raw)
	if r := n.Add(t, next); !strings.HasPrefix(r.IPs[0].Address, "10.244.9.") {
		t.Errorf("the result is %s", r.Raw)
	}
	n.Del(t, next, nil)
	h.Same(t, before)
}

func TestASubnetFileThatCantBeFollowedIsRefusedAndChangesNothing(t *testing.T) {
	h, demo := newDemo(t)
	before := h.Snapshot()
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	edited := func(old, text string) string { return strings.ReplaceAll(subnetEnv, old, text) }
	for _, row := range []struct{ name, text, want string }{
		{"empty", "", "neither FLANNEL_SUBNET nor"},
		{"no subnet", edited("10.244.7.1/24", "10.244.7.1"), `FLANNEL_SUBNET "10.244.7.1"`},
		{"wrong family", edited("fd44:0:0:7::1/64", "10.244.7.1/24"), "FLANNEL_IPV6_SUBNET"},
		{"subnet of another network", edited("10.244.0.0/16", "10.245.0.0/16"), "does not hold its FLANNEL_SUBNET"},
		{"no network", edited("FLANNEL_NETWORK", "X"), `FLANNEL_NETWORK ""`},
		{"no MTU", edited("1450", "big"), `FLANNEL_MTU "big"`},
		{"small MTU", edited("1450", "60"), "FLANNEL_MTU"},
		{"no word about masquerade", edited("=false", "="), "FLANNEL_IPMASQ"},
	} {
		n, _ := withSubnetFile(t, demo, row.text)
		t.Log(row.name)
		refused(t, h, n, c, 7, row.want)
	}
	n, file := withSubnetFile(t, demo, subnetEnv)
	refused(t, h, n.With(0, "ipam", testbed.Config{"subnet": "10.1.0.0/24"}), c, 7, "cannot be combined with ranges")
	refused(t, h, n.With(0, "subnetFile", "subnet.env"), c, 7, "absolute path")
	refused(t, h, n.With(0, "subnetFile", filepath.Dir(file)), c, 7, "is no file")
	missing := n.With(0, "subnetFile", file+".not")
	refused(t, h, missing, c, 11, "no such file")
	status := built.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: missing.Chain[0].JSON()})
	if e, ok := status.Error(); !ok || e.Code != 50 {
		t.Errorf("STATUS: %s", status.Stdout)
	}
	h.Same(t, before)
}

// TestLeasesAreImportedAndCountedByTheSubnetFile is about a node whose flannel has called
// host-local so far.
func TestLeasesAreImportedAndCountedByTheSubnetFile(t *testing.T) {
	h, n := newDemo(t)
	n, _ = withSubnetFile(t, n, subnetEnv)
	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, "demo"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(data, "net.conf")
	for path, text := range map[string]string{
		filepath.Join(data, "demo", "10.244.7.9"): "old\r\neth0", filepath.Join(data, "demo", "fd44:0:0:7::9"): "old\r\neth0", config: n.Chain[0].JSON(),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	says(t, h, 0, []string{"imported demo/old/eth0 with [10.244.7.9 fd44:0:0:7::9]"}, "import", "--config", config, "--data-dir", data)
	says(t, h, 0, []string{`subnets="10.244.7.0/24"} 253`, `subnets="10.244.7.0/24"} 1`}, "metrics", "--config", config)
	n.Del(t, testbed.Container{ID: "old"}, nil)
}
