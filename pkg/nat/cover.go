package nat

import (
	"net/netip"
	"slices"
)

// cover returns disjoint prefixes that hold the same addresses as list: those that lie in
// another one are dropped. The kernel's interval sets take no overlapping elements.
func cover(list []netip.Prefix) []netip.Prefix {
	list = canonicalPrefixes(slices.Clone(list))
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

// without returns the elements of list that are not in other.
func without(list, other []netip.Prefix) []netip.Prefix {
	var rest []netip.Prefix
	for _, p := range list {
		if !slices.Contains(other, p) {
			rest = append(rest, p)
		}
	}
	return rest
}
