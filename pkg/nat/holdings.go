package nat

import "fmt"

// holdings are mappings by their host's ends. A backend may hold a range as such or port by port.
type holdings struct {
	byEnd  map[HostEnd]Entry
	ranges []Entry
}

func newHoldings(list []Entry) holdings {
	h := holdings{byEnd: make(map[HostEnd]Entry, len(list))}
	for _, e := range list {
		h.byEnd[e.Mapping.HostEnd()] = e
		if e.Mapping.More > 0 {
			h.ranges = append(h.ranges, e)
		}
	}
	return h
}

// lack names what is not there of a mapping: of a range that is partly there, each port.
func (h holdings) lack(e *Entry) (list []error) {
	there, ok := h.find(&e.Mapping)
	if ok && there == *e {
		return nil
	}
	name := e.Mapping.String()
	switch {
	case ok && there.Mapping == e.Mapping:
		return []error{fmt.Errorf("check translations: mapping %s belongs to %q, not %q", name, there.Mark, e.Mark)}
	case ok:
		return []error{fmt.Errorf("check translations: mapping %s leads to %s", name, there.Mapping.Target)}
	case e.Mapping.More > 0:
		for _, one := range e.Mapping.Singles() {
			list = append(list, h.lack(&Entry{e.Mark, one})...)
		}
		if len(list) <= int(e.Mapping.More) {
			return list
		}
	}
	return []error{fmt.Errorf("check translations: mapping %s is missing", name)}
}

func (h holdings) find(m *Mapping) (there Entry, ok bool) {
	if there, ok = h.byEnd[m.HostEnd()]; ok || m.More > 0 {
		return there, ok
	}
	for _, r := range h.ranges {
		if one, ok := r.Mapping.single(m); ok {
			return Entry{r.Mark, one}, true
		}
	}
	return there, false
}
