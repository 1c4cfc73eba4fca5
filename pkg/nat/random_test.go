package nat_test

import (
	"math/rand/v2"
	"testing"

	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

// TestKernelEqualsBookAfterAnyChanges runs sequences as FuzzKernelEqualsBook does, the same
// at each run.
func TestKernelEqualsBookAfterAnyChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		m := newModel(t)
		for range 30 {
			m.step(t, byte(r.Uint32()))
		}
		m.removeAll(t)
	}
}

func (m *model) removeAll(t *testing.T) {
	t.Helper()
	for n := range owners {
		for _, part := range []nat.Part{nat.PartNatport, nat.PartVethbridge} {
			m.replace(t, key{nattest.Owner(n), part}, nat.Translations{})
		}
	}
	m.compare(t, "the removal of all")
}
