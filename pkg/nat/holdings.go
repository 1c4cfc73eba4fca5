package nat

import "fmt"

// holdings are mappings by their host's ends. A backend may hold a range as such or port by port.
type holdings struct {
	byEnd  map[HostEnd]Mapping
	ranges []Mapping
}

func newHoldings(list []Entry) holdings {
	h := holdings{byEnd: make(map[HostEnd]Mapping, len(list))}
	for _, e := range list {
		h.byEnd[e.Mapping.HostEnd()] = e.Mapping
		if e.Mapping.More > 0 {
			h.ranges = append(h.ranges, e.Mapping)
		}
	}
	return h
}

// lack names what is not there of a mapping: of a range that is partly there, each port.
func (h holdings) lack(m Mapping) (list []error) {
	there, ok := h.find(m)
	switch {
	case ok && there == m:
		return nil
	case ok:
		return []error{fmt.Errorf("check translations: mapping %s leads to %s", m, there.Target)}
	case m.More == 0:
		return []error{fmt.Errorf("check translations: mapping %s is missing", m)}
	}
	for _, one := range m.Singles() {
		list = append(list, h.lack(one)...)
	}
	if len(list) > int(m.More) {
		return []error{fmt.Errorf("check translations: mapping %s is missing", m)}
	}
	return list
}

func (h holdings) find(m Mapping) (there Mapping, ok bool) {
	if there, ok = h.byEnd[m.HostEnd()]; ok || m.More > 0 {
		return there, ok
	}
	for _, r := range h.ranges {
		if there, ok = r.single(m); ok {
			return there, true
		}
	}
	return there, false
}
