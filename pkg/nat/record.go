package nat

import (
	"net/netip"
	"slices"

	"vethbridge/internal/state"
)

// recordTable holds the translations of each part of each owner.
const recordTable state.Table = "nat-translations"

// record is what the book says of a holder.
type record struct {
	Holder       holder
	Backend      Kind
	Translations Translations
	// Replaced are the backends that may still hold what this came in the place of.
	Replaced []Kind
}

// storedRecord is a record as it stands in the book.
type storedRecord struct {
	Holder       holder             `json:"holder"`
	Backend      Kind               `json:"backend"`
	Translations storedTranslations `json:"translations"`
	Replaced     []Kind             `json:"replaced,omitempty"`
}

type storedTranslations struct {
	Mappings []published `json:"mappings,omitempty"`
	Networks []Network   `json:"networks,omitempty"`
}

// published are mappings, one behind the other, that differ in their ports alone.
type published struct {
	Protocol Protocol   `json:"protocol"`
	Host     netip.Addr `json:"host"`
	Target   netip.Addr `json:"target"`
	Limit    Limit      `json:"limit,omitzero"`
	Ports    portList   `json:"ports"`
}

func put(tx *state.Tx, r *record) error {
	t := storedTranslations{publishedBy(r.Translations.Mappings), r.Translations.Networks}
	return state.Put(tx, recordTable, r.Holder.key(), storedRecord{r.Holder, r.Backend, t, r.Replaced})
}

func lookup(tx *state.Tx, h holder) (r record, known bool, err error) {
	s, known, err := state.Get[storedRecord](tx, recordTable, h.key())
	return s.record(), known, err
}

func eachRecord(tx *state.Tx, fn func(*record) error) error {
	return state.Each(tx, recordTable, nil, func(_ []byte, s storedRecord) error {
		r := s.record()
		return fn(&r)
	})
}

func (s *storedRecord) record() record {
	t := Translations{Networks: s.Translations.Networks}
	for i := range s.Translations.Mappings {
		t.Mappings = s.Translations.Mappings[i].appendTo(t.Mappings)
	}
	return record{s.Holder, s.Backend, t, s.Replaced}
}

func publishedBy(list []Mapping) (runs []published) {
	for i := range list {
		m := &list[i]
		if len(runs) == 0 || !runs[len(runs)-1].continuesWith(m) {
			runs = append(runs, published{Protocol: m.Protocol, Host: m.Host, Target: m.Target.Addr(), Limit: m.Limit})
		}
		last := &runs[len(runs)-1]
		last.Ports = append(last.Ports, ports{m.HostPort, m.Last(), m.Target.Port()})
	}
	return runs
}

func (p *published) continuesWith(m *Mapping) bool {
	return p.Protocol == m.Protocol && p.Host == m.Host && p.Target == m.Target.Addr() && p.Limit == m.Limit
}

func (p *published) appendTo(list []Mapping) []Mapping {
	list = slices.Grow(list, len(p.Ports))
	for _, of := range p.Ports {
		list = append(list, Mapping{
			Protocol: p.Protocol, Host: p.Host, HostPort: of.first, More: of.last - of.first,
			Target: netip.AddrPortFrom(p.Target, of.to), Limit: p.Limit,
		})
	}
	return list
}
