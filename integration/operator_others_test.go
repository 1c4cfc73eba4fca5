package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestAddressesThatOtherPluginsGaveAreShown, and found by them: those of a delegated IPAM plugin, and those of another
// main plugin in front of natport.
func TestAddressesThatOtherPluginsGaveAreShown(t *testing.T) {
	h, n := newDemo(t)
	static := testbed.Config{"type": "static", "addresses": []any{testbed.Config{"address": "10.96.0.7/24", "gateway": "10.96.0.1"}}}
	ours := n.With(0, "ipam", static)
	theirs := otherNetwork(n).With(0, "type", "bridge").With(0, "bridge", "ref0").
		With(0, "ipam", testbed.Config{"type": "static", "addresses": []any{testbed.Config{"address": "10.95.0.7/24", "gateway": "10.95.0.1"}}})
	attach(t, h, ours, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	attach(t, h, theirs, "ref", testbed.Port{HostPort: 8081, ContainerPort: 80})
	for address, id := range map[string]string{"10.96.0.7": "web", "10.95.0.7": "ref"} {
		for _, command := range []string{"ls", "graph", "inspect " + address} {
			says(t, h, 0, []string{address, id}, strings.Fields(command)...)
		}
		says(t, h, 0, []string{"left by uplink; the connection was refused"}, "trace", address, testbed.LANAddr4, "1")
		if out, _ := operate(t, h, "ls", "--address", address); strings.Count(out, "\n") != 2 {
			t.Errorf("ls --address %s: %s", address, out)
		}
	}
	h.Run("ip", "link", "set", "ref0", "down") // theirs are theirs to look after
	says(t, h, 0, []string{"all is as the state file says"}, "check")
}

// TestPoolsOfOtherIPAMPluginsAreLeftToThem: nobody is told to import leases that their plugin still looks after.
func TestPoolsOfOtherIPAMPluginsAreLeftToThem(t *testing.T) {
	h, n := newDemo(t)
	data := t.TempDir()
	list := testbed.Config{"name": "demo", "cniVersion": "1.0.0", "plugins": []any{n.Chain[0].With("ipam",
		testbed.Config{"type": "host-local", "ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/29"}}}})}}
	config := filepath.Join(data, "demo.conflist")
	if err := os.Mkdir(filepath.Join(data, "demo"), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{config: list.JSON(), filepath.Join(data, "demo", "10.99.0.2"): "old\r\neth0"} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, _ := operate(t, h, "doctor", "--config", config, "--data-dir", data); strings.Contains(out, "import") || strings.Contains(out, "addresses left") {
		t.Errorf("doctor: %s", out)
	}
	if out, _ := operate(t, h, "metrics"); strings.Contains(out, "vethbridge_addresses{") {
		t.Errorf("metrics: %s", out)
	}
	says(t, h, 1, []string{"the addresses of network demo are those of the IPAM plugin host-local"}, "import", "--config", config, "--data-dir", data)
}
