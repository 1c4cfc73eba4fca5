package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// podsNetwork is a conflist of the reference plugins, the backend of whose translations is BACKEND.
const podsNetwork = `{
  "cniVersion": "1.0.0", "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isDefaultGateway": true, "hairpinMode": true, "ipMasq": true, "ipMasqBackend": "BACKEND",
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.88.0.0/24" }]] }
    },
    { "type": "portmap", "backend": "BACKEND", "capabilities": { "portMappings": true } }
  ]
}`

// takeover is a node that switches from the reference plugins.
type takeover struct {
	*testing.T
	h               *testbed.Host
	reference, ours testbed.CNITool
}

func newTakeover(t *testing.T, backend string) takeover {
	t.Helper()
	h := newHost(t)
	before, after := t.TempDir(), t.TempDir()
	n := takeover{t, h, h.NewCNITool(built, before), testbed.CNITool{}}
	n.ours = n.reference
	n.ours.ConfDir = after
	text := strings.ReplaceAll(podsNetwork, "BACKEND", backend)
	n.write(before, text)
	n.write(after, strings.NewReplacer(`"bridge", "bridge"`, `"vethbridge", "bridge"`, `"portmap"`, `"natport"`, `"type": "host-local", `, "").Replace(text))
	return n
}

func (n takeover) write(dir, conflist string) {
	n.Helper()
	if err := os.WriteFile(filepath.Join(dir, "pods.conflist"), []byte(conflist), 0o644); err != nil {
		n.Fatal(err)
	}
}

// operate runs a command of the operator's tool on the node.
func (n takeover) operate(args ...string) string {
	n.Helper()
	out, err := n.ours.Command(append([]string{filepath.Join(string(built), "vethbridge")}, args...)...).CombinedOutput()
	if err != nil {
		n.Errorf("%v: %v: %s", args, err, out)
	}
	return string(out)
}

// container attaches one, with a server on port 80.
func (n takeover) container(tool testbed.CNITool, name string, ports ...testbed.Port) (netns, address string) {
	n.Helper()
	netns = n.h.NewContainer()
	address = firstAddress(n.T, tool.Must(n, "add", "pods", netns, ports...))
	n.h.Serve(netns, "tcp", 80, name)
	return netns, address
}

// TestANodeSwitchesFromTheReferencePluginsWithItsContainersRunning attaches containers by the
// reference plugins, imports their leases, changes the types, and attaches one more. One of the
// former ones is released by the plugins that made it; the other by ours, as runtimes do that
// have read the new conflist.
func TestANodeSwitchesFromTheReferencePluginsWithItsContainersRunning(t *testing.T) {
	for _, backend := range []string{"iptables", "nftables"} {
		t.Run(backend, func(t *testing.T) {
			n := newTakeover(t, backend)
			published := testbed.Port{HostPort: 8080, ContainerPort: 80, Protocol: "tcp"}
			old, oldAddress := n.container(n.reference, "old", published)
			last, lastAddress := n.container(n.reference, "last")
			imported := n.operate("import", "--config", filepath.Join(n.ours.ConfDir, "pods.conflist"))
			if strings.Count(imported, "imported pods/") != 2 {
				t.Errorf("import: %s", imported)
			}
			port := testbed.Port{HostPort: 8081, ContainerPort: 80, Protocol: "tcp"}
			web, address := n.container(n.ours, "web", port)
			if address == oldAddress || address == lastAddress {
				t.Fatalf("web has %s, which another one has", address)
			}
			fromLAN := func(port int, name string) { expect(t, n.h, n.h.LAN, "tcp", testbed.HostAddr4, port, name, "") }
			fromLAN(8080, "old")
			fromLAN(8081, "web")
			expect(t, n.h, web, "tcp", oldAddress, 80, "old", "")
			expect(t, n.h, old, "tcp", address, 80, "web", "")
			expect(t, n.h, web, "tcp", testbed.HostAddr4, 8080, "old", "")

			n.reference.Must(t, "del", "pods", old, published)
			n.ours.Must(t, "del", "pods", last)
			if rows := n.operate("ls"); strings.Contains(rows, lastAddress) {
				t.Errorf("the lease of a container that ours released is still there: %s", rows)
			}
			n.h.StopServing()
			for _, netns := range []string{old, last} {
				n.h.Forget(netns)
			}
			n.h.Serve(web, "tcp", 80, "web")
			fromLAN(8081, "web")
			n.ours.Must(t, "check", "pods", web, port)
			if rules := n.h.Run("nft", "list", "ruleset"); strings.Contains(rules, "8080") || strings.Contains(rules, oldAddress+" ") {
				t.Errorf("the reference plugins left:\n%s", rules)
			}
			n.operate("gc")
			if rows := n.operate("ls"); strings.Count(rows, "pods") != 1 {
				t.Errorf("ls: %s", rows)
			}
			n.ours.Must(t, "del", "pods", web, port)
			if rules := n.h.Run("nft", "list", "ruleset"); strings.Contains(strings.ToLower(rules), "vethbridge") {
				t.Errorf("left:\n%s", rules)
			}
		})
	}
}
