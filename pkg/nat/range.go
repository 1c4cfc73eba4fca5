package nat

import (
	"net/netip"
	"slices"
)

// single returns one mapping for each port.
func (m Mapping) single() []Mapping {
	list := make([]Mapping, 0, int(m.More)+1)
	for n := range int(m.More) + 1 {
		one := m
		one.HostPort, one.More = m.HostPort+uint16(n), 0
		one.Target = netip.AddrPortFrom(m.Target.Addr(), m.Target.Port()+uint16(n))
		list = append(list, one)
	}
	return list
}

// disjoint takes ranges apart that have a port of others: which of two mappings of a port comes
// first is decided port by port.
func disjoint(list []Mapping) []Mapping {
	if !slices.ContainsFunc(list, func(m Mapping) bool { return m.More > 0 }) {
		return list
	}
	var apart []Mapping
	for i, m := range list {
		meets := func(o Mapping) bool {
			apart := !m.Limit.None() && !o.Limit.None() && !m.Limit.overlaps(o.Limit)
			return m != o && m.meets(o) && !apart
		}
		if m.More > 0 && (slices.ContainsFunc(list[:i], meets) || slices.ContainsFunc(list[i+1:], meets)) {
			apart = append(apart, m.single()...)
		} else {
			apart = append(apart, m)
		}
	}
	return apart
}
