package nat

import (
	"net/netip"
	"slices"
)

// Singles returns one mapping for each port.
func (m *Mapping) Singles() []Mapping {
	list := make([]Mapping, int(m.More)+1)
	for i := range list {
		list[i] = m.Single(uint16(i))
	}
	return list
}

// Single returns the mapping of the port that has n before it.
func (m *Mapping) Single(n uint16) Mapping {
	one := *m
	one.HostPort, one.More = m.HostPort+n, 0
	one.Target = netip.AddrPortFrom(m.Target.Addr(), m.Target.Port()+n)
	return one
}

// folded makes one range of ports that follow each other and lead to ports that do: a hundred of them
// are one claim. The list is in the order of SortMappings, and is written over.
func folded(list []Mapping) []Mapping {
	ranges := list[:0]
	for i := range list {
		if r := endingBefore(ranges, &list[i]); r != nil {
			r.More += list[i].More + 1
			continue
		}
		ranges = append(ranges, list[i])
	}
	return ranges
}

// endingBefore is the range that a mapping goes on with, which is among the last ones.
func endingBefore(ranges []Mapping, m *Mapping) *Mapping {
	for i := len(ranges) - 1; i >= 0; i-- {
		r := &ranges[i]
		next := int(r.Last()) + 1
		switch {
		case r.Protocol != m.Protocol || r.Host != m.Host || next < int(m.HostPort):
			return nil
		case next == int(m.HostPort) && r.Target.Addr() == m.Target.Addr() && r.Limit == m.Limit &&
			r.Target.Port()-r.HostPort == m.Target.Port()-m.HostPort:
			return r
		}
	}
	return nil
}

// less returns what is left of a mapping without the ports of others.
func (m *Mapping) less(others []Mapping) (left []Mapping) {
	for _, one := range m.Singles() {
		if !slices.ContainsFunc(others, func(o Mapping) bool { return o.Has(one.HostPort) }) {
			left = append(left, one)
		}
	}
	return folded(left)
}

// To is the one of a range that leads to a port of the container, if one does.
func (m *Mapping) To(port uint16) (one Mapping, ok bool) {
	n := port - m.Target.Port()
	if n > m.More {
		return one, false
	}
	return m.Single(n), true
}

// single is the one of a range that has the host's end of o, if there is one.
func (m *Mapping) single(o *Mapping) (one Mapping, ok bool) {
	if m.Protocol != o.Protocol || m.Host != o.Host || m.Limit != o.Limit || !m.Has(o.HostPort) {
		return one, false
	}
	return m.Single(o.HostPort - m.HostPort), true
}

// singles takes all ranges apart.
func singles(list []Mapping) []Mapping {
	if !slices.ContainsFunc(list, func(m Mapping) bool { return m.More > 0 }) {
		return list
	}
	var apart []Mapping
	for _, m := range list {
		apart = append(apart, m.Singles()...)
	}
	SortMappings(apart)
	return apart
}

func countPorts(list []Mapping) (n int) {
	for _, m := range list {
		n += int(m.More) + 1
	}
	return n
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
			return m != o && m.meets(&o) && !apart
		}
		if m.More > 0 && (slices.ContainsFunc(list[:i], meets) || slices.ContainsFunc(list[i+1:], meets)) {
			apart = append(apart, m.Singles()...)
		} else {
			apart = append(apart, m)
		}
	}
	return apart
}
