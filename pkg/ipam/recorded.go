package ipam

import "vethbridge/internal/state"

// RecordedRanges lists, for each network, the ranges that addresses have been given from, in
// the order of their first addresses: what is known of a network whose config is not at hand.
// A range that was changed is listed as long as addresses of it are held.
func RecordedRanges(tx *state.Tx) (map[string][]Range, error) {
	ranges := map[string][]Range{}
	err := state.Each(tx, poolTable, nil, func(_ []byte, p *pool) error {
		list := ranges[p.Network]
		list = append(list, p.Range)
		// A network has few ranges, and a sort would add 10 kB to the executables.
		for i := len(list) - 1; i > 0 && list[i].First.Less(list[i-1].First); i-- {
			list[i-1], list[i] = list[i], list[i-1]
		}
		ranges[p.Network] = list
		return nil
	})
	return ranges, err
}
