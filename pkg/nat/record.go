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
	Holder       holder `json:"holder"`
	Backend      Kind   `json:"backend"`
	Translations struct {
		Mappings []published `json:"mappings,omitempty"`
		Networks []Network   `json:"networks,omitempty"`
	} `json:"translations"`
	// Replaced are the backends that may still hold what this came in the place of.
	Replaced []Kind `json:"replaced,omitempty"`
}

// published are a mapping and those behind it that differ in their ports alone.
type published struct {
	Mapping
	Others portList `json:"others,omitempty"`
}

func newRecord(h holder, by Kind, t *Translations) record {
	r := record{Holder: h, Backend: by}
	r.Translations.Networks = t.Networks
	for i := range t.Mappings {
		r.publish(&t.Mappings[i])
	}
	return r
}

func (r *record) publish(m *Mapping) {
	list := r.Translations.Mappings
	if n := len(list); n > 0 && list[n-1].sameEnds(m) {
		list[n-1].Others = append(list[n-1].Others, ports{m.HostPort, m.Last(), m.Target.Port()})
		return
	}
	r.Translations.Mappings = append(r.Translations.Mappings, published{Mapping: *m})
}

// sameEnds reports whether two mappings differ in their ports alone.
func (m *Mapping) sameEnds(o *Mapping) bool {
	return m.Protocol == o.Protocol && m.Host == o.Host && m.Target.Addr() == o.Target.Addr() && m.Limit == o.Limit
}

func lookup(tx *state.Tx, h holder) (*record, bool, error) {
	return state.Get[record](tx, recordTable, h.key())
}

func (r *record) empty() bool { return len(r.Translations.Mappings)+len(r.Translations.Networks) == 0 }

func (r *record) translations() Translations {
	return Translations{r.mappings(), r.Translations.Networks}
}

func (r *record) mappings() (list []Mapping) {
	for i := range r.Translations.Mappings {
		list = r.Translations.Mappings[i].appendTo(list)
	}
	return list
}

func (p *published) appendTo(list []Mapping) []Mapping {
	list = append(slices.Grow(list, 1+len(p.Others)), p.Mapping)
	m := p.Mapping
	for _, o := range p.Others {
		m.HostPort, m.More, m.Target = o.first, o.last-o.first, netip.AddrPortFrom(m.Target.Addr(), o.to)
		list = append(list, m)
	}
	return list
}
