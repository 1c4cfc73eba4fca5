package integration

import (
	"fmt"
	"os"
	"testing"

	"vethbridge/integration/testbed"
)

// built are the executables under test, built from this tree.
var built testbed.Plugins

func TestMain(m *testing.M) {
	if dir := os.Getenv("VETHBRIDGE_BUILT"); dir != "" { // where there is no compiler
		built = testbed.Plugins(dir)
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "plugins")
	if err == nil {
		built, err = testbed.Build(dir, "vethbridge/plugins/...", "github.com/containernetworking/cni/cnitool",
			"github.com/containernetworking/plugins/plugins/main/ptp", "github.com/containernetworking/plugins/plugins/main/bridge",
			"github.com/containernetworking/plugins/plugins/ipam/...", "github.com/containernetworking/plugins/plugins/meta/portmap")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build executables:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// newHost makes a host whose book must be sound when the test ends.
func newHost(t *testing.T) *testbed.Host {
	t.Helper()
	h := testbed.NewHost(t)
	t.Cleanup(func() {
		if out, code := operate(t, h, "check", "--state"); code != 0 {
			t.Errorf("vethbridge check --state: %s", out)
		}
	})
	return h
}

// newDemo makes a host with the demo network on it.
func newDemo(t *testing.T) (*testbed.Host, testbed.Network) {
	t.Helper()
	h := newHost(t)
	return h, testbed.DemoNetwork(built, h)
}
