package fence

import (
	"errors"
	"iter"
	"slices"

	"github.com/google/nftables"

	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
)

// entry is an element with the mark of its owner, if it has one alone.
type entry struct {
	Element
	mark string
}

// kernel is what the two tables hold.
type kernel struct{ conn *netfilter.Conn }

// tables are both of ours, each with its fixed chains.
func tables() []table {
	return []table{{guardTable(), MACs, Tagged, guardChains()}, {wallsTable(), Bridges, Unrouted6, wallsChains()}}
}

// table is one of them, with its sets from first to last.
type table struct {
	*nftables.Table
	first, last Set
	chains      []netfilter.Chain
}

func (t table) layout() netfilter.Layout {
	l := netfilter.Layout{Table: t.Table, Chains: t.chains, Sets: []*nftables.Set{netfilter.LayoutMark(t.Table)}}
	for s := t.first; s <= t.last; s++ {
		l.Sets = append(l.Sets, s.nft())
	}
	if t.has(Element{Set: MACs}) {
		l.Sets = append(l.Sets, broadcasts())
	}
	return l
}

// String returns "bridge vethbridge".
func (t table) String() string { return netfilter.FamilyName(t.Family) + " " + t.Name }

// ErrOtherwise says that nothing can be compared but by a release that knows the layout.
var ErrOtherwise = errors.New("fences are as another release makes them")

func (t table) has(e Element) bool { return t.first <= e.Set && e.Set <= t.last }

// add fails as drift where the tables have another release's layout. Both are always made at once, so one says it.
func (k kernel) add(list []entry) error {
	var changes netfilter.Changes
	changes.Need(list[0].Set.table())
	return k.change(&changes, list, changes.Add)
}

func (k kernel) remove(list []entry) error {
	var changes netfilter.Changes
	return k.change(&changes, list, changes.Delete)
}

func (k kernel) change(changes *netfilter.Changes, list []entry, collect func(*nftables.Set, iter.Seq[nftables.SetElement])) error {
	for s, elements := range bySet(list) {
		collect(s.nft(), slices.Values(elements))
	}
	return k.conn.Make(changes)
}

// restore makes the tables hold exactly these, in one transaction. A table that would hold
// nothing is not there.
func (k kernel) restore(list []entry) error {
	have := map[string]netfilter.Found{}
	for _, t := range tables() {
		found, err := t.layout().Find(k.conn)
		if err != nil {
			return err
		}
		have[t.Name] = found
	}
	return k.conn.Batch(func(c *nftables.Conn) error {
		var failed []error
		for _, t := range tables() {
			if slices.ContainsFunc(list, func(e entry) bool { return t.has(e.Element) }) {
				failed = append(failed, t.layout().Make(c, have[t.Name]))
			} else {
				t.layout().Unmake(c, have[t.Name])
			}
		}
		for s, elements := range bySet(list) {
			failed = append(failed, netfilter.AddElements(c, s.nft(), elements))
		}
		return errors.Join(failed...)
	})
}

// list reads what the tables hold. Parts of the fixed structure that are not there are named
// in missing; a table that is not there holds nothing and misses nothing.
func (k kernel) list() (list []entry, missing []string, err error) {
	conn, err := k.conn.Open()
	if err != nil {
		return nil, nil, err
	}
	for _, t := range tables() {
		have, err := t.layout().Find(k.conn)
		if err != nil {
			return nil, nil, err
		}
		if have.Empty() {
			continue
		}
		rules, err := k.conn.MissingRules(t.Table, t.chains)
		if err != nil {
			return nil, nil, err
		}
		elements, sets, err := t.list(conn, have)
		if err != nil {
			return nil, nil, err
		}
		list, missing = append(list, elements...), slices.Concat(missing, sets, rules)
	}
	return list, missing, nil
}

func (t table) list(conn *nftables.Conn, have netfilter.Found) (list []entry, missing []string, err error) {
	for s := t.first; s <= t.last; s++ {
		if !have.HasSet(s.nft()) {
			missing = append(missing, "set "+s.String())
			continue
		}
		elements, err := conn.GetSetElements(s.nft())
		if err != nil {
			return nil, nil, failure.To("list elements of "+s.String(), err)
		}
		for _, e := range elements {
			if element, ok := s.element(e.Key); ok {
				list = append(list, entry{element, e.Comment})
			}
		}
	}
	return list, missing, nil
}

func bySet(list []entry) map[Set][]nftables.SetElement {
	elements := map[Set][]nftables.SetElement{}
	for _, e := range list {
		elements[e.Set] = append(elements[e.Set], nftables.SetElement{Key: e.key(), Comment: e.mark})
	}
	return elements
}
