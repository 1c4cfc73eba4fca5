package ipam_test

import (
	"context"
	"slices"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// TestCheckSeesThatATableLostAnEntry takes one entry out of each table in turn.
func TestCheckSeesThatATableLostAnEntry(t *testing.T) {
	for _, table := range []state.Table{"leases", "addresses", "pools", "freed", "freedAt", "subnets"} {
		s, err := state.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		sets := decode(t, `{"subnet": "10.1.0.0/24"}`).Sets
		for i := range 3 {
			mustAllocate(t, s, ipam.Request{Owner: owner(i), Sets: sets})
		}
		release(t, s, owner(0))
		if err := s.Check(context.Background(), ipam.Check); err != nil {
			t.Errorf("before: %v", err)
		}
		update(t, s, func(tx *state.Tx) error {
			keys := slices.Collect(state.Keys(tx, table, nil))
			return state.Delete(tx, table, keys[0])
		})
		if err := s.Check(context.Background(), ipam.Check); err == nil {
			t.Errorf("an entry of table %s is gone, and Check finds nothing", table)
		} else {
			t.Logf("%s: %v", table, err)
		}
	}
}
