package integration

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vethbridge/integration/testbed"
)

func TestStaticIPAMIsDelegatedTo(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n = n.With(0, "ipam", testbed.Config{"type": "static", "addresses": []any{
		testbed.Config{"address": "10.96.0.7/24", "gateway": "10.96.0.1"}, testbed.Config{"address": "fd96::7/64", "gateway": "fd96::1"}}})
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	for _, host := range []string{testbed.HostAddr4, testbed.HostAddr6} {
		expect(t, h, h.LAN, "tcp", host, 8080, "web", "")
	}
	h.Serve(h.LAN, "tcp", 7000, "lan")
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	expect(t, h, c.Netns, "tcp", testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestTheGatewayThatAnIPAMPluginLeavesOpenIsTheFirstOfTheSubnet, as with the reference bridge plugin; a container that
// has that address itself gets none.
func TestTheGatewayThatAnIPAMPluginLeavesOpenIsTheFirstOfTheSubnet(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n = n.With(0, "ipam", testbed.Config{"type": "static", "addresses": []any{
		testbed.Config{"address": "10.96.0.7/24"}, testbed.Config{"address": "fd96::1/64"}, testbed.Config{"address": "10.97.0.7/32"}}})
	h.Serve(h.LAN, "tcp", 7000, "lan")
	c, result := attach(t, h, n, "web")
	for i, want := range []string{"10.96.0.1", "", ""} {
		if result.IPs[i].Gateway != want {
			t.Errorf("gateway of %s: %q, want %q", result.IPs[i].Address, result.IPs[i].Gateway, want)
		}
	}
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestDHCPIsDelegatedTo has a DHCP server on the bridge's own segment: the interface must
// be up before it has an address.
func TestDHCPIsDelegatedTo(t *testing.T) {
	h, n := newDemo(t)
	segment := h.NewContainer()
	h.Run("ip", "link", "add", "demo0", "type", "bridge")
	h.Run("ip", "link", "set", "demo0", "up")
	h.Run("ip", "link", "add", "server", "type", "veth", "peer", "name", "eth0", "netns", segment)
	h.Run("ip", "link", "set", "server", "master", "demo0", "up")
	h.RunIn(segment, "ip", "addr", "add", "10.96.0.1/24", "dev", "eth0")
	h.RunIn(segment, "ip", "link", "set", "eth0", "up")
	dir := t.TempDir()
	background(t, "nsenter", "--net="+segment, "dnsmasq", "--keep-in-foreground", "--port=0", "--interface=eth0", "--bind-interfaces",
		"--dhcp-range=10.96.0.50,10.96.0.60", "--dhcp-leasefile="+filepath.Join(dir, "leases"), "--conf-file=/dev/null", "--pid-file=", "--user=root")
	socket := filepath.Join(dir, "dhcp.sock")
	background(t, filepath.Join(string(built), "dhcp"), "daemon", "-socketpath", socket)
	waitFile(t, socket)

	n = n.With(0, "ipam", testbed.Config{"type": "dhcp", "daemonSocketPath": socket}).With(0, "isDefaultGateway", nil).With(1, "ipMasq", nil)
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	result := n.Add(t, c)
	address, err := netip.ParsePrefix(result.IPs[0].Address)
	if err != nil || !netip.MustParsePrefix("10.96.0.48/28").Contains(address.Addr()) {
		t.Fatalf("result %s", result.Raw)
	}
	h.Serve(c.Netns, "tcp", 80, "web")
	expect(t, h, segment, "tcp", address.Addr().String(), 80, "web", "10.96.0.1")
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
}

// background runs a program on the host until the test ends.
func background(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func waitFile(t *testing.T, path string) {
	t.Helper()
	testbed.Await(t, path, func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
}
