package iptables

import (
	"context"
	"errors"
	"slices"

	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
	"vethbridge/pkg/nat"
)

// Backend is the iptables backend. It works in the network namespace of the calling thread,
// and is not safe for concurrent use.
type Backend struct {
	variant Variant
}

// New returns a backend that works by the programs of a variant.
func New(v Variant) *Backend { return &Backend{v} }

// found is what a family had before it was changed.
type found struct {
	family family
	saved  saved
	held   nat.Ruleset
}

// read reads families, each by a program of its own if it may have anything of ours.
func (b *Backend) read(ctx context.Context, families []family) ([]found, error) {
	var list []found
	for _, f := range families {
		s := readSaved("")
		there, err := b.present(&f, tables())
		if err == nil && there {
			s, err = b.save(ctx, &f)
		}
		if err != nil {
			return nil, err
		}
		r, err := f.ruleset(s)
		if err != nil {
			return nil, err
		}
		list = append(list, found{f, s, r})
	}
	return list, nil
}

// List reads our chains back. A chain, a jump or a rule that is not there is named in
// Missing.
func (b *Backend) List(ctx context.Context) (nat.Ruleset, error) {
	both, err := b.read(ctx, families())
	if err != nil {
		return nat.Ruleset{}, failure.To("list translations", err)
	}
	r := merged(both)
	for _, s := range both {
		if s.saved.empty() && len(s.held.Entries)+len(s.held.Networks) < len(r.Entries)+len(r.Networks) {
			continue // the other family holds all there is
		}
		want, err := s.family.rules(&r)
		if err != nil {
			return nat.Ruleset{}, failure.To("list translations", err)
		}
		r.Missing = append(r.Missing, s.saved.missing(&s.family, want)...)
	}
	return r, nil
}

// Find lists all: a family's table is read by one program, whatever is asked for.
func (b *Backend) Find(ctx context.Context, _ nat.Ruleset) (nat.Ruleset, error) { return b.List(ctx) }

// Marks lists all, for the same reason.
func (b *Backend) Marks(ctx context.Context, fn func([]byte)) error {
	r, err := b.List(ctx)
	r.EachMark(fn)
	return err
}

// whole reports drift where parts of the fixed structure are missing: who has flushed a chain
// has taken what others need too.
func (f found) whole() error {
	want, err := f.family.rules(&f.held)
	if err != nil {
		return err
	}
	if missing := f.saved.missing(&f.family, want); missing != nil {
		return failure.To(missing[0]+" is missing", nat.ErrDrift)
	}
	return nil
}

// merged is the ruleset of both families.
func merged(both []found) nat.Ruleset {
	var r nat.Ruleset
	for _, s := range both {
		r.Entries = append(r.Entries, s.held.Entries...)
		r.Networks = append(r.Networks, s.held.Networks...)
	}
	nat.SortEntries(r.Entries)
	nat.SortNetworks(r.Networks)
	return r
}

// Apply makes one change. It writes all that there shall be of the families that change, which it
// reads before if it isn't told, or if what there is turns out not to be as it should.
func (b *Backend) Apply(ctx context.Context, c nat.Change) error {
	switch done, err := b.applyWhole(ctx, &c); {
	case c.Empty():
		return nil
	case err != nil:
		return failure.To("change translations", err)
	case done:
		return nil
	}
	both, err := b.read(ctx, touched(&c))
	if err != nil {
		return failure.To("change translations", err)
	}
	for _, s := range both {
		if err := s.whole(); err != nil {
			return failure.To("change translations", err)
		}
	}
	before := merged(both)
	after, err := changed(&before, &c)
	if err != nil {
		return failure.To("change translations", err)
	}
	if err := b.load(ctx, both, &after); err != nil {
		return failure.To("change translations", err)
	}
	return nil
}

// Restore makes our chains hold exactly the ruleset. What others have in the same tables
// stays, and so do established connections, since conntrack holds their translations.
func (b *Backend) Restore(ctx context.Context, r nat.Ruleset) error {
	both, err := b.read(ctx, families())
	if err == nil {
		err = b.load(ctx, both, &r)
	}
	if err != nil {
		return failure.To("restore translations", err)
	}
	return nil
}

// touched are the families that a change is about.
func touched(c *nat.Change) (list []family) {
	for _, f := range families() {
		adds, removes := nat.Ruleset{Networks: c.AddNetworks}, nat.Ruleset{Networks: c.RemoveNetworks}
		for _, m := range slices.Concat(c.Add, c.Remove) {
			adds.Entries = append(adds.Entries, nat.Entry{Mapping: m})
		}
		if f.in(&adds) || f.in(&removes) {
			list = append(list, f)
		}
	}
	return list
}

// load writes one family after the other. The kernel has no transaction over both: if one
// fails, it and those before it get back what they had.
func (b *Backend) load(ctx context.Context, before []found, r *nat.Ruleset) error {
	for i, s := range before {
		err := b.write(ctx, s, r)
		if err == nil {
			continue
		}
		for _, done := range before[:i+1] {
			err = errors.Join(err, b.undo(context.WithoutCancel(ctx), done))
		}
		return err
	}
	return nil
}

func (b *Backend) write(ctx context.Context, have found, r *nat.Ruleset) error {
	rules, err := have.family.rules(r)
	if err != nil || have.saved.empty() && !have.family.in(r) {
		return err
	}
	return b.restore(ctx, &have.family, writing(have.saved, rules))
}

// undo reads again what there is now, since a failed program may have written one table of
// two.
func (b *Backend) undo(ctx context.Context, before found) error {
	if before.saved.empty() {
		return b.clear(ctx, &before.family)
	}
	now, err := b.save(ctx, &before.family)
	if err != nil {
		return err
	}
	return b.write(ctx, found{family: before.family, saved: now}, &before.held)
}

// Present reports whether there may be rules of ours. Of the legacy variant only the tables
// can be seen without starting a program.
func (b *Backend) Present() (bool, error) {
	for _, f := range families() {
		if there, err := b.present(&f, []table{{name: "nat", chains: []string{dnat}}}); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

// Ready is Present: whatever else is not as it should be, Apply finds out.
func (b *Backend) Ready() (bool, error) { return b.Present() }

// present reports whether there may be a chain of a family.
func (b *Backend) present(f *family, chains []table) (bool, error) {
	for _, t := range chains {
		if b.variant == Legacy {
			if netfilter.LegacyTableExists(f.kernel, t.name) {
				return true, nil
			}
			continue
		}
		for _, chain := range slices.Concat(t.chains, t.user) {
			if there, err := netfilter.ChainExists(f.kernel, t.name, chain); there || err != nil {
				return there, err
			}
		}
	}
	return false, nil
}

// Usable tells why the programs or the kernel's tables can't be used.
func (b *Backend) Usable(ctx context.Context) error {
	for _, f := range families() {
		if _, err := b.save(ctx, &f); err != nil {
			return failure.To("use iptables", err)
		}
	}
	return nil
}
