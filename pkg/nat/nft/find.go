package nft

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"

	"github.com/google/nftables"

	"vethbridge/internal/netfilter"
	"vethbridge/pkg/nat"
)

// Find looks up what Apply would have put there, one element after the other: nothing here grows with what
// others have. The sets themselves are not asked for, since they can't go while a rule looks into them.
func (b *Backend) Find(_ context.Context, asked nat.Ruleset) (r nat.Ruleset, err error) {
	switch made, err := b.conn.Made(table()); {
	case err != nil:
		return r, err
	case made == netfilter.Otherwise:
		return nat.Ruleset{Otherwise: true}, nil
	case made == netfilter.Absent:
		return nat.Ruleset{Missing: []string{missingTable}}, nil
	}
	var failed []error
	look := func(s *nftables.Set, list iter.Seq[nftables.SetElement]) {
		found, err := b.lookUp(s, slices.Collect(list))
		failed = append(failed, err, read(s, found, &r))
	}
	for _, mappings := range byMark(asked.Entries) {
		eachMap("", mappings, look)
	}
	failed = append(failed, eachNetwork(asked.Networks, look))
	r.Missing, err = b.conn.MissingRules(table(), chains())
	return r, errors.Join(append(failed, err)...)
}

// lookUp returns what a set has in the place of elements.
func (b *Backend) lookUp(s *nftables.Set, list []nftables.SetElement) (found []nftables.SetElement, err error) {
	if s.Interval && !s.Concatenation {
		return b.interval(s, list)
	}
	for _, e := range list {
		there, ok, err := b.conn.Get(s, e.Key)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, there)
		}
	}
	return found, nil
}

// interval returns the ends of an interval as the set has them, if it has it, neither longer nor
// shorter. It asks for nothing but beginnings: where an interval goes to the end of the address space, some
// kernels don't answer at all to who asks for its end.
func (b *Backend) interval(s *nftables.Set, ends []nftables.SetElement) ([]nftables.SetElement, error) {
	first, _ := netip.AddrFromSlice(ends[0].Key)
	last := lastAddr(netip.PrefixFrom(first, 0))
	if len(ends) > 1 {
		behind, _ := netip.AddrFromSlice(ends[1].Key)
		there, longer, err := b.conn.Get(s, ends[1].Key)
		if err != nil || longer && bytes.Equal(there.Key, ends[0].Key) {
			return nil, err
		}
		last = behind.Prev()
	}
	there, ok, err := b.conn.Get(s, last.AsSlice())
	if err != nil || !ok || !bytes.Equal(there.Key, ends[0].Key) {
		return nil, err
	}
	return append([]nftables.SetElement{there}, ends[1:]...), nil
}
