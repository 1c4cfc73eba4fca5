package ipam_test

import (
	"errors"
	"reflect"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
)

func TestRecordedRangesAreListedInTheOrderOfTheirAddresses(t *testing.T) {
	s := statetest.Open(t)
	c := decode(t, `{"ranges": [[{"subnet": "fd00::/64"}], [{"subnet": "10.3.0.0/24"}, {"subnet": "10.1.0.0/24"}], [{"subnet": "10.2.0.0/24"}]]}`)
	mustAllocate(t, s, ipam.Request{Owner: owner(1), Sets: c.Sets})
	var recorded map[string][]ipam.Range
	update(t, s, func(tx *state.Tx) (err error) {
		recorded, err = ipam.RecordedRanges(tx)
		return err
	})
	var subnets []string
	for _, r := range recorded["demo"] {
		subnets = append(subnets, r.Subnet.Addr().String())
	}
	if len(recorded) != 1 || len(subnets) != 4 || subnets[0] != "10.1.0.0" || subnets[1] != "10.2.0.0" || subnets[2] != "10.3.0.0" || subnets[3] != "fd00::" {
		t.Errorf("%v", subnets)
	}
}

// TestAFormerRangeIsForgottenOnceNobodyUsesIt, with the addresses that wait in it; until then what is leased of it counts in the one that
// the config has now, before that is used for the first time, too.
func TestAFormerRangeIsForgottenOnceNobodyUsesIt(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	former, now := decode(t, `{"subnet": "10.1.0.0/24"}`).Sets, decode(t, `{"subnet": "10.0.0.0/15"}`).Sets
	look := func(used uint64, ranges ...ipam.Range) {
		t.Helper()
		update(t, s, func(tx *state.Tx) error {
			usages, err := ipam.Usages(tx, "demo", now)
			recorded, err2 := ipam.RecordedRanges(tx)
			if want := (ipam.Usage{Size: 1<<17 - 3, Used: used}); usages[0] != want || !reflect.DeepEqual(recorded["demo"], ranges) {
				t.Errorf("%v of %v, want %v of %v", usages, recorded, want, ranges)
			}
			return errors.Join(err, err2)
		})
	}
	for i := range 3 {
		mustAllocate(t, s, ipam.Request{Owner: owner(i), Sets: former})
	}
	release(t, s, owner(0))
	look(2, former[0][0])
	mustAllocate(t, s, ipam.Request{Owner: owner(3), Sets: now})
	look(3, now[0][0], former[0][0])
	release(t, s, owner(1))
	release(t, s, owner(2))
	release(t, s, owner(3))
	other := decode(t, `{"subnet": "10.2.0.0/16"}`).Sets
	mustAllocate(t, s, ipam.Request{Owner: owner(4), Sets: other})
	look(0, other[0][0])
}
