package ipam

import (
	"fmt"
	"net/netip"
	"slices"
)

// refuseCommon makes sure that no address lies in two ranges.
func refuseCommon(sets []RangeSet) error {
	all := slices.Concat(sets...)
	for i, r := range all {
		for _, other := range all[:i] {
			if !r.Last.Less(other.First) && !other.Last.Less(r.First) && r.First.Is4() == other.First.Is4() {
				return &ConfigError{"ipam.ranges", span(r), "overlaps " + span(other)}
			}
		}
	}
	return nil
}

func span(r Range) string { return fmt.Sprintf("%s-%s", r.First, r.Last) }

// excludeAll takes out of every range what holds for all: the common exclusions, and the
// gateways of other ranges, which may lie in it where several ranges share a subnet.
func excludeAll(sets []RangeSet, common []netip.Prefix) ([]RangeSet, error) {
	for _, r := range slices.Concat(sets...) {
		if r.Gateway.IsValid() {
			common = append(common, hostPrefix(r.Gateway))
		}
	}
	for _, set := range sets {
		for i := range set {
			set[i].exclude(common)
			if !set[i].next(set[i].First).IsValid() {
				return nil, &ConfigError{"ipam.ranges", span(set[i]), "has no address to give"}
			}
		}
	}
	return sets, nil
}

// exclude adds those of list that matter to the range and are not known to it.
func (r *Range) exclude(list []netip.Prefix) {
	for _, p := range list {
		if p.Overlaps(r.Subnet) && !(p.IsSingleIP() && p.Addr() == r.Gateway) && !slices.Contains(r.Exclude, p) {
			r.Exclude = append(r.Exclude, p)
		}
	}
}
