package ipam

import (
	"slices"

	"vethbridge/internal/state"
)

// RecordedRanges lists, for each network, the ranges that addresses have been given from, in
// the order of their first addresses: what is known of a network whose config is not at hand.
// A range that was changed is listed as long as addresses of it are held.
func RecordedRanges(tx *state.Tx) (map[string][]Range, error) {
	ranges := map[string][]Range{}
	err := state.Each(tx, poolTable, nil, func(_ []byte, p pool) error {
		list := ranges[p.Network]
		// A network has few ranges, and to sort them would add 10 kB to the executables.
		behind := slices.IndexFunc(list, func(r Range) bool { return p.Range.First.Less(r.First) })
		if behind < 0 {
			behind = len(list)
		}
		ranges[p.Network] = slices.Insert(list, behind, p.Range)
		return nil
	})
	return ranges, err
}
