//go:build vm

package integration

import (
	"os"
	"testing"

	"vethbridge/integration/testbed"
)

// TestAKernelWithoutIPv6 needs one that was started with ipv6.disable=1: "make test-vm".
func TestAKernelWithoutIPv6(t *testing.T) {
	if _, err := os.Stat("/proc/sys/net/ipv6"); err == nil {
		t.Fatal("this kernel has IPv6")
	}
	h, n := newDemo(t)
	before := h.Snapshot()
	refused(t, h, n, testbed.Container{ID: "both", Netns: h.NewContainer()}, 2, "IPv6 is off there", "leave the IPv6 range out of ipam")
	h.Serve(h.LAN, "tcp", 7000, "lan")
	four := subnet(n, testbed.Config{"subnet": onlyIPv4})
	c, result := attach(t, h, four, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	if a := four.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	if out, status := operate(t, h, "doctor", "--config", "/nonexistent"); status != 0 {
		t.Errorf("the doctor says %s", out)
	}
	n.Del(t, c, result.Raw)
	for _, ipam := range []any{nil, testbed.Config{}} {
		layer2 := n.With(0, "ipam", ipam)
		layer2.Chain = layer2.Chain[:1]
		c := testbed.Container{ID: "layer2", Netns: h.NewContainer()}
		n.Del(t, c, layer2.Add(t, c).Raw)
	}
	h.Same(t, before)
}
