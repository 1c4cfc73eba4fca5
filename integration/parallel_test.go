package integration

import (
	"fmt"
	"testing"

	"vethbridge/integration/testbed"
)

const burst = 50

// TestBurstsOfParallelAddsAndDelsAllSucceed starts every call of a burst before it waits
// for any, on a host that has no bridge and no table at first.
func TestBurstsOfParallelAddsAndDelsAllSucceed(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	var containers []testbed.Container
	for i := range burst {
		containers = append(containers, testbed.Container{
			ID: fmt.Sprint("c", i), Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8000 + i, ContainerPort: 80}},
		})
	}
	for range 10 {
		results := n.AddAll(t, containers)
		unique := map[string]bool{}
		for _, r := range results {
			for _, ip := range r.IPs {
				unique[ip.Address] = true
			}
		}
		if len(unique) != 2*burst {
			t.Fatalf("%d different addresses for %d containers", len(unique), burst)
		}
		n.DelAll(t, containers)
		h.Same(t, before)
	}
}

// TestParallelAddsByIptablesAllSucceed is promise P44: the programs of iptables get in each
// other's way where ours do not wait for each other.
func TestParallelAddsByIptablesAllSucceed(t *testing.T) {
	for _, backend := range backendNames[1:] {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend).With(0, "ipMasq", true)
			warmUp(h, backend)
			before := h.Snapshot()
			var containers []testbed.Container
			for i := range 12 {
				containers = append(containers, testbed.Container{
					ID: fmt.Sprint("c", i), Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8000 + i, ContainerPort: 80}},
				})
			}
			for range 3 {
				n.AddAll(t, containers)
				n.DelAll(t, containers)
				h.Same(t, before)
			}
		})
	}
}
