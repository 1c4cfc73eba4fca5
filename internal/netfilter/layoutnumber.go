package netfilter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/nftables"
)

// LayoutNumber stands for what our tables are made like: their sets, chains and rules. A release that makes
// any of them otherwise has the next number, by which it tells tables of another release from its own. A set
// that becomes another one gets another name: then no packet misses it while one takes the other's place.
const LayoutNumber = 2

// layoutPrefix begins the names of marks.
const layoutPrefix = "layout_"

// LayoutMark is the set in a table that says its layout, by name. It is made and removed with all the
// rest, and holds nothing.
func LayoutMark(t *nftables.Table) *nftables.Set {
	return &nftables.Set{
		Table: t, Name: layoutPrefix + strconv.Itoa(LayoutNumber), KeyType: nftables.TypeInetProto,
		Comment: "how this table is made; empty",
	}
}

// Made says how a table is made.
type Made uint8

// The ways there are.
const (
	AsNow     Made = iota // as this release makes it
	Otherwise             // as another release makes it
	Absent                // not at all
)

// Made reports how a table is made, by one message if it is as this release makes it.
func (c *Conn) Made(t *nftables.Table) (Made, error) {
	if now, err := c.HasLayout(t); now || err != nil {
		return AsNow, err
	}
	if there, err := c.HasTable(t); there || err != nil {
		return Otherwise, err
	}
	return Absent, nil
}

// Otherwise reports whether the table was found as another release makes it.
func (f Found) Otherwise(t *nftables.Table) bool { return !f.Empty() && !f.HasSet(LayoutMark(t)) }

// Fresh are the sets of the layout of whose names there is none, but for the mark.
func (l Layout) Fresh(have Found) (list []*nftables.Set) {
	for _, s := range l.Sets {
		if s.Name != LayoutMark(l.Table).Name && !Named(have.sets, s.Name) {
			list = append(list, s)
		}
	}
	return list
}

// Former parts what was found from sets of other names than the layout has, but not from a mark.
func (l Layout) Former(have Found) (rest Found, former []*nftables.Set) {
	rest, rest.sets = have, nil
	for _, s := range have.sets {
		if Named(l.Sets, s.Name) || strings.HasPrefix(s.Name, layoutPrefix) {
			rest.sets = append(rest.sets, s)
		} else {
			former = append(former, s)
		}
	}
	return rest, former
}

// With is what there is after sets were made.
func (f Found) With(fresh []*nftables.Set) Found {
	f.sets = append(f.sets, fresh...)
	return f
}

// Named reports whether a set of the name is among them.
func Named(list []*nftables.Set, name string) bool {
	return slices.ContainsFunc(list, func(s *nftables.Set) bool { return s.Name == name })
}
