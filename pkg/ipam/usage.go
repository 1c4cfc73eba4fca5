package ipam

import (
	"bytes"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Usage is the figures of one range set. Both are capped at math.MaxUint64.
type Usage struct {
	Size uint64 // addresses that can be given
	Used uint64 // those that are leased
}

// Free returns how many addresses are left.
func (u Usage) Free() uint64 { return u.Size - min(u.Used, u.Size) }

// Usages returns the figures of a network's range sets, in their order. It changes nothing.
func Usages(tx *state.Tx, network string, sets []RangeSet) ([]Usage, error) {
	usages := make([]Usage, len(sets))
	for i, set := range sets {
		u, err := set.usage(tx, network)
		if err != nil {
			return nil, err
		}
		usages[i] = u
	}
	return usages, nil
}

func (s RangeSet) usage(tx *state.Tx, network string) (Usage, error) {
	var u Usage
	for _, r := range s {
		p, ok, err := findPool(tx, network, r)
		if err != nil {
			return Usage{}, err
		}
		if !ok {
			p.Used = leased(tx, network, r)
		}
		u.Size = addCapped(u.Size, r.Size())
		u.Used += p.Used
	}
	return u, nil
}

// leased counts the leases of a network inside a range. Its cost grows with their number,
// so it is for the moment when a range is first used.
func leased(tx *state.Tx, network string, r Range) (n uint64) {
	prefix := attachment.NetworkKey(network)
	for key := range state.Keys(tx, addressTable, addressKey(network, r.First)) {
		raw, ok := bytes.CutPrefix(key, prefix)
		if !ok {
			break
		}
		a, ok := netip.AddrFromSlice(raw)
		if ok && a.BitLen() == r.Last.BitLen() && r.Last.Less(a) {
			break
		}
		if ok && r.verdict(a) == allowed {
			n++
		}
	}
	return n
}
