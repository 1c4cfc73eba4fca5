package ipam_test

import (
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
