package nat

import (
	"context"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Repair restores the kernel from the book if they differ, and reports whether they did.
func (k Keeper) Repair(ctx context.Context) (changed bool, err error) {
	err = k.locked(ctx, func() error {
		want, err := k.wanted(ctx, nil)
		if err != nil {
			return err
		}
		have, err := k.Backend.List(ctx)
		if err != nil || differences(want, have) == nil {
			return err
		}
		changed = true
		return k.load(ctx, want, have)
	})
	return changed, err
}

// RemoveUnrecorded removes from the kernel what carries the owner's mark, for an owner that
// the book does not know any more. Networks carry no owner: they go too if the caller has
// seen that no other attachment is left on the host, and stay otherwise.
func (k Keeper) RemoveUnrecorded(ctx context.Context, owner attachment.Owner, last bool) error {
	return k.locked(ctx, func() error {
		have, err := k.Backend.List(ctx)
		if err != nil {
			return err
		}
		want, err := k.wanted(ctx, nil)
		if err != nil {
			return err
		}
		c := Change{Mark: owner.Mark(), Remove: have.of(owner.Mark())}
		if last && want.empty() && len(c.Remove) == len(have.Entries) {
			return k.Backend.Clear(ctx)
		}
		if c.Empty() {
			return nil
		}
		return k.Backend.Apply(ctx, c)
	})
}

// Adopt enters in a book that is rebuilt what the kernel holds for an owner: the mappings
// with its mark, and the networks that its addresses lie in.
func Adopt(tx *state.Tx, owner attachment.Owner, addresses []netip.Prefix, have Ruleset) error {
	t := Translations{Mappings: have.of(owner.Mark())}
	for _, a := range addresses {
		t.Masquerade = append(t.Masquerade, holding(have.Networks.Masquerade, a)...)
		t.Hairpin = append(t.Hairpin, holding(have.Networks.Hairpin, a)...)
	}
	return Claim(tx, owner, PartNatport, t.canonical())
}

func holding(networks []netip.Prefix, a netip.Prefix) []netip.Prefix {
	if slices.Contains(networks, a.Masked()) {
		return []netip.Prefix{a.Masked()}
	}
	return nil
}

// of lists the mappings that carry a mark.
func (r Ruleset) of(mark string) []Mapping {
	var list []Mapping
	for _, e := range r.Entries {
		if e.Mark == mark {
			list = append(list, e.Mapping)
		}
	}
	return list
}

// Marks lists the marks of the owners that the kernel has mappings of.
func (k Keeper) Marks(ctx context.Context) ([]string, error) {
	have, err := k.Backend.List(ctx)
	var marks []string
	for _, e := range have.Entries {
		marks = append(marks, e.Mark)
	}
	slices.Sort(marks)
	return slices.Compact(marks), err
}

// restore loads all that the book says, but for one holder on its way out. The caller holds
// the kernel lock.
func (k Keeper) restore(ctx context.Context, except *holder) error {
	want, err := k.wanted(ctx, except)
	if err != nil {
		return err
	}
	have, err := k.Backend.List(ctx)
	if err != nil {
		return err
	}
	k.Log.InfoContext(ctx, "restoring translations", "mappings", len(want.Entries), "missing", have.Missing)
	return k.load(ctx, want, have)
}

// load restores want, and keeps the mappings of owners that the book knows nothing of: it
// may have been lost while they live. They give way where they clash.
func (k Keeper) load(ctx context.Context, want, have Ruleset) error {
	known, taken := map[string]bool{}, map[string]bool{}
	for _, e := range want.Entries {
		known[e.Mark] = true
		taken[string(portKey(e.Mapping))] = true
	}
	err := k.Store.View(ctx, func(tx *state.Tx) error {
		for _, e := range have.Entries {
			owner, ok := attachment.ParseMark(e.Mark)
			if !ok || known[e.Mark] || taken[string(portKey(e.Mapping))] {
				continue
			}
			if _, recorded, err := tx.Attachment(owner); err != nil {
				return err
			} else if !recorded {
				want.Entries = append(want.Entries, e)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(want.Entries, Entry.compare)
	return k.Backend.Restore(ctx, want)
}

// wanted is the ruleset that the book asks for, without one holder's part.
func (k Keeper) wanted(ctx context.Context, except *holder) (r Ruleset, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		if r, err = ruleset(tx); err != nil || except == nil {
			return err
		}
		if r.Networks, err = networks(tx, except); err != nil {
			return err
		}
		gone, err := Recorded(tx, except.Owner, except.Part)
		r.Entries = slices.DeleteFunc(r.Entries, func(e Entry) bool { return slices.Contains(gone.Mappings, e.Mapping) })
		return err
	})
	return r, err
}

func (r Ruleset) empty() bool { return len(r.Entries) == 0 && r.Networks.Empty() }
