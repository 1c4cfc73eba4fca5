package nat

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
)

// cover returns disjoint prefixes that hold the same addresses as list: those that lie in
// another one are dropped. The kernel's interval sets take no overlapping elements.
func cover(list []netip.Prefix) []netip.Prefix {
	list = slices.Clone(list)
	sort.Slice(list, func(i, j int) bool { return comparePrefixes(list[i], list[j]) < 0 })
	var disjoint []netip.Prefix
	for _, p := range list {
		// Sorted, a prefix that holds p comes right before it or before others that it holds.
		if n := len(disjoint); n > 0 && disjoint[n-1].Overlaps(p) {
			continue
		}
		disjoint = append(disjoint, p)
	}
	return disjoint
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}
