package netfilter

import (
	"errors"
	"slices"
	"strings"

	"github.com/google/nftables"

	"vethbridge/internal/failure"
)

// UserPrefix begins the names of chains and sets in our tables that are the administrator's. We
// make those chains that ours jump to, and never change what is in them.
const UserPrefix = "user_"

// User is a chain of the administrator's, which ours jump to.
func User(hook string) Chain { return Chain{Name: UserPrefix + hook} }

// ToUser is the rule that jumps to a chain of the administrator's.
func ToUser(hook string) Rule { return NewRule("rules of the administrator", Jump(User(hook).Name)) }

// Layout is the fixed structure of a table of ours.
type Layout struct {
	Table  *nftables.Table
	Sets   []*nftables.Set
	Chains []Chain // one that is jumped to stands before those that jump
}

// Found is what there is of a table.
type Found struct {
	table  bool
	used   bool // by rules of the administrator's
	sets   []*nftables.Set
	chains []*nftables.Chain
}

// Empty reports whether there is nothing of ours.
func (f Found) Empty() bool { return len(f.sets) == 0 && len(f.chains) == 0 }

// HasSet reports whether there is a set of ours of that name and kind.
func (f Found) HasSet(want *nftables.Set) bool {
	return slices.ContainsFunc(f.sets, func(s *nftables.Set) bool { return sameSet(want, s) })
}

// Find reads what is there.
func (l Layout) Find(from *Conn) (f Found, err error) {
	if f.table, err = from.HasTable(l.Table); err != nil || !f.table {
		return f, err
	}
	conn, err := from.Open()
	if err != nil {
		return f, err
	}
	sets, err := conn.GetSets(l.Table)
	if err != nil {
		return f, failure.To("list sets of "+l.Table.Name, err)
	}
	for _, s := range sets {
		if s.Table = l.Table; !s.Anonymous && !strings.HasPrefix(s.Name, UserPrefix) {
			f.sets = append(f.sets, s)
		}
	}
	chains, err := conn.ListChainsOfTableFamily(l.Table.Family)
	if err != nil {
		return f, failure.To("list chains", err)
	}
	rules, err := from.comments(l.Table)
	if err != nil {
		return f, err
	}
	for _, c := range chains {
		switch {
		case c.Table.Name != l.Table.Name:
		case !strings.HasPrefix(c.Name, UserPrefix):
			f.chains = append(f.chains, c)
		case len(rules[c.Name]) > 0:
			f.used = true
		}
	}
	return f, nil
}

// Make collects the making of the table, empty but for what is the administrator's.
func (l Layout) Make(c *nftables.Conn, have Found) error {
	c.AddTable(l.Table)
	have.strip(c)
	var failed []error
	for _, h := range have.chains {
		if !slices.ContainsFunc(l.Chains, func(want Chain) bool { return want.fits(h) }) {
			c.DelChain(h)
		}
	}
	for _, h := range have.sets {
		if !slices.ContainsFunc(l.Sets, func(want *nftables.Set) bool { return sameSet(want, h) }) {
			c.DelSet(h)
		}
	}
	for _, want := range l.Sets {
		if !have.HasSet(want) {
			failed = append(failed, c.AddSet(want, nil))
		}
	}
	addChains(c, l.Table, l.Chains)
	return errors.Join(failed...)
}

// strip collects the emptying of all that is ours: what the administrator's rules refer to can't be
// deleted, but it can be empty for as long as a transaction takes.
func (f Found) strip(c *nftables.Conn) {
	for _, h := range f.chains {
		c.FlushChain(h)
	}
	for _, h := range f.sets {
		c.FlushSet(h)
	}
}

func (c Chain) fits(have *nftables.Chain) bool {
	return c.Name == have.Name && c.Type == have.Type && same(c.Hook, have.Hooknum) && same(c.Priority, have.Priority)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameSet(a, b *nftables.Set) bool {
	return a.Name == b.Name && a.IsMap == b.IsMap && a.Interval == b.Interval && a.Dynamic == b.Dynamic &&
		a.KeyType.GetNFTMagic() == b.KeyType.GetNFTMagic() && (!a.IsMap || a.DataType.GetNFTMagic() == b.DataType.GetNFTMagic())
}

// Unmake collects the removal of what was found: of the whole table, or of all that is not the
// administrator's, if they have rules there.
func (l Layout) Unmake(c *nftables.Conn, have Found) {
	switch {
	case !have.table:
	case !have.used:
		c.DelTable(l.Table)
	default:
		have.strip(c)
		for _, h := range have.chains {
			c.DelChain(h)
		}
		for _, h := range have.sets {
			c.DelSet(h)
		}
	}
}
