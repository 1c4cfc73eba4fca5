package integration

import (
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s:\n%s", file, got)
	}
}

// newSmallHost has two networks and three containers, one of them on both.
func newSmallHost(t *testing.T) *testbed.Host {
	h, n := newDemo(t)
	web, _ := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 53, ContainerPort: 53, Protocol: "udp", HostIP: testbed.HostAddr4})
	attach(t, h, n, "worker")
	other := otherNetwork(n)
	attach(t, h, other, "db", testbed.Port{HostPort: 5432, ContainerPort: 5432})
	eth1 := other.Chain[0].With("isDefaultGateway", nil).With("isGateway", true)
	a := built.Do(t, testbed.Call{Plugin: "vethbridge", Command: "ADD", Container: web.ID, Netns: web.Netns, IfName: "eth1", Config: eth1.JSON()})
	if a.Exit != 0 {
		t.Fatal(a)
	}
	return h
}

func TestGraphDrawsTheHostInEveryFormat(t *testing.T) {
	h := newSmallHost(t)
	for _, format := range []string{"text", "dot", "mermaid"} {
		out, status := operate(t, h, "graph", "--format", format)
		if status != 0 {
			t.Errorf("%s: exit %d", format, status)
		}
		golden(t, "graph."+format, out)
	}
	text, _ := operate(t, h, "graph", "--network", "other", "--container", "db")
	if strings.Contains(text, "web") || !strings.Contains(text, "other0") || !strings.Contains(text, "db") {
		t.Errorf("only db of network other is wanted:\n%s", text)
	}
	says(t, h, 2, []string{"--format is \"gif\", and can be text, dot, mermaid"}, "graph", "--format", "gif")
}

func TestGraphvizDrawsTheGraph(t *testing.T) {
	h := newSmallHost(t)
	out, _ := operate(t, h, "graph", "--format", "png")
	image, err := png.Decode(strings.NewReader(out))
	if err != nil || image.Bounds().Dx() < 200 || image.Bounds().Dy() < 100 {
		t.Errorf("%v: a picture of %v", err, image)
	}
	says(t, h, 0, []string{"<svg", ">web</text>", "8080"}, "graph", "--format", "svg")
	t.Setenv("PATH", "/nonexistent")
	says(t, h, 1, []string{"Graphviz's program dot is not installed"}, "graph", "--format", "svg")
}

// TestGraphOfTheLANShowsTheUplinkUnderItsBridge is about a bridge that is the host's way out.
func TestGraphOfTheLANShowsTheUplinkUnderItsBridge(t *testing.T) {
	h, n := newDemo(t)
	n.Chain = n.Chain[:1]
	n.Chain[0] = n.Chain[0].With("isDefaultGateway", nil).With("uplink", "uplink").With("uplinkMoveAddresses", true).
		With("ipam", testbed.Config{"subnet": "198.51.100.0/24", "rangeStart": "198.51.100.10", "gateway": testbed.LANAddr4})
	attach(t, h, n, "web")
	out, _ := operate(t, h, "graph")
	for _, words := range []string{"|-- device uplink: uplink\n", "`-- bridge demo0: ", testbed.HostAddr4 + "/24", "network demo, default route\n", "container web: eth0, 198.51.100.10/24\n"} {
		if !strings.Contains(out, words) {
			t.Errorf("%q is not in\n%s", words, out)
		}
	}
	if strings.Count(out, "device") != 1 || strings.Count(out, "default route") != 1 {
		t.Errorf("something is there twice:\n%s", out)
	}
}

func TestGraphOfAnEmptyHostIsTheHost(t *testing.T) {
	h, _ := newDemo(t)
	out, status := operate(t, h, "graph")
	if want := "host\n`-- device uplink: 198.51.100.1/24, 2001:db8:1::1/64, default route\n"; status != 0 || out != want {
		t.Errorf("exit %d: %q, want %q", status, out, want)
	}
}
