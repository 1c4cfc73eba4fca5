package nat

import (
	"cmp"
	"sort"
)

// SortEntries sorts entries by their mappings.
func SortEntries(list []Entry) {
	sort.Slice(list, func(i, j int) bool { return list[i].Mapping.compare(&list[j].Mapping) < 0 })
}

// SortMappings sorts mappings by protocol, host address, host ports, limit and target.
func SortMappings(list []Mapping) {
	sort.Slice(list, func(i, j int) bool { return list[i].compare(&list[j]) < 0 })
}

// SortNetworks sorts networks by treatment, its details, and prefix.
func SortNetworks(list []Network) {
	sort.Slice(list, func(i, j int) bool { return list[i].compare(&list[j]) < 0 })
}

func (m *Mapping) compare(o *Mapping) int {
	switch { // most differ by now, and there may be many
	case m.Protocol != o.Protocol:
		return cmp.Compare(m.Protocol, o.Protocol)
	case m.Host != o.Host:
		return m.Host.Compare(o.Host)
	case m.HostPort != o.HostPort:
		return cmp.Compare(m.HostPort, o.HostPort)
	}
	return cmp.Or(
		m.Limit.compare(o.Limit), cmp.Compare(m.More, o.More), m.Target.Addr().Compare(o.Target.Addr()), cmp.Compare(m.Target.Port(), o.Target.Port()),
	)
}

func (n *Network) compare(o *Network) int {
	return cmp.Or(
		cmp.Compare(n.Treatment, o.Treatment), n.To.Compare(o.To), cmp.Compare(n.Mark.Mask, o.Mark.Mask),
		cmp.Compare(n.Mark.Chain, o.Mark.Chain), comparePrefixes(n.Prefix, o.Prefix), comparePrefixes(n.Dst, o.Dst),
	)
}
