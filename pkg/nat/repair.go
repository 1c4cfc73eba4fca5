package nat

import (
	"context"
	"errors"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Repair restores the kernel from the book if they differ, and reports whether they did.
func (k Keeper) Repair(ctx context.Context) (changed bool, err error) {
	err = k.locked(ctx, func() error {
		return k.each(ctx, func(kind Kind) error {
			want, have, err := k.both(ctx, kind, nil)
			if err != nil || differences(&want.Ruleset, &have) == nil {
				return err
			}
			changed = true
			return k.load(ctx, kind, want)
		})
	})
	return changed, err
}

// Heal restores all where nftables has lost our table, as after "nft flush ruleset", and reports whether it had. It costs one
// message while the table is there.
func (k Keeper) Heal(ctx context.Context) (lost bool, err error) {
	if there, err := k.Backends[Nftables].Present(); there || err != nil {
		return false, err
	}
	if lost, err = k.wants(ctx, Nftables); err != nil || !lost {
		return false, err
	}
	return true, k.locked(ctx, func() error { return k.restore(ctx, Nftables, nil) })
}

// wants reports whether a backend shall hold anything.
func (k Keeper) wants(ctx context.Context, kind Kind) (some bool, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		book, err := ruleset(tx, kind, nil)
		some = !book.empty()
		return err
	})
	return some, err
}

// CheckAll compares the kernel with the book for all owners. The error names all that
// differs.
func (k Keeper) CheckAll(ctx context.Context) error {
	return k.each(ctx, func(kind Kind) error {
		want, have, err := k.both(ctx, kind, nil)
		return errors.Join(append(differences(&want.Ruleset, &have), err)...)
	})
}

// each calls fn with each backend that holds anything, or shall.
func (k Keeper) each(ctx context.Context, fn func(Kind) error) error {
	needed := map[Kind]bool{}
	err := k.Store.View(ctx, func(tx *state.Tx) error {
		return state.Each(tx, recordTable, nil, func(_ []byte, r *record) error {
			needed[r.Backend] = true
			for _, kind := range r.Replaced {
				needed[kind] = true
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return k.eachPresent(needed, fn)
}

// eachPresent calls fn with each backend that holds anything, and those that are needed.
func (k Keeper) eachPresent(needed map[Kind]bool, fn func(Kind) error) error {
	var failed []error
	for kind := range Kind(len(kinds)) {
		backend, there := k.Backends[kind]
		if !there {
			continue
		}
		present, err := backend.Present()
		if failed = append(failed, err); present || needed[kind] {
			failed = append(failed, fn(kind))
		}
	}
	return errors.Join(failed...)
}

// aim is what a backend shall hold.
type aim struct {
	Ruleset
	whole bool // nothing of it is unknown to the book
}

// both returns what a backend shall hold, but for one holder on its way out, which may be nil,
// and what it holds.
func (k Keeper) both(ctx context.Context, kind Kind, except *holder) (want aim, have Ruleset, err error) {
	if have, err = k.Backends[kind].List(ctx); err != nil {
		return want, have, err
	}
	want, err = k.target(ctx, kind, &have, except)
	return want, have, err
}

// restore loads all that the book says, but for one holder on its way out, which may be
// nil. The caller holds the kernel lock.
func (k Keeper) restore(ctx context.Context, kind Kind, except *holder) error {
	want, _, err := k.both(ctx, kind, except)
	if err != nil {
		return err
	}
	return k.load(ctx, kind, want)
}

// load leaves no table behind that would hold nothing.
func (k Keeper) load(ctx context.Context, kind Kind, want aim) error {
	if want.empty() {
		return k.Backends[kind].Clear(ctx)
	}
	if err := k.Backends[kind].Restore(ctx, want.Ruleset); err != nil || kind == Nftables {
		return err
	}
	return k.noteWhole(ctx, kind, want.whole)
}

// target is what a backend shall hold that holds have now: what the book says, and what
// belongs to owners that the book knows nothing of, since it may have been lost while they
// live.
func (k Keeper) target(ctx context.Context, kind Kind, have *Ruleset, except *holder) (want aim, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		book, err := ruleset(tx, kind, except)
		if err != nil {
			return err
		}
		entries, err := strangers(tx, &book, have)
		want = aim{book.keeping(entries, have.Networks), len(entries) == 0}
		return err
	})
	return want, err
}

// RemoveUnrecorded removes from the kernel what carries the owner's mark, for an owner that
// the book does not know any more. Networks carry no owner: they go too if the caller has
// seen that no other attachment is left on the host, and stay otherwise.
func (k Keeper) RemoveUnrecorded(ctx context.Context, owner attachment.Owner, last bool) error {
	return k.locked(ctx, func() error {
		return k.each(ctx, func(kind Kind) error { return k.removeMark(ctx, kind, owner.Mark(), last) })
	})
}

func (k Keeper) removeMark(ctx context.Context, kind Kind, mark string, last bool) error {
	have, err := k.Backends[kind].List(ctx)
	if err != nil {
		return err
	}
	c := Change{Mark: mark, Remove: have.of(mark)}
	have.Entries = slices.DeleteFunc(have.Entries, func(e Entry) bool { return e.Mark == mark })
	want, err := k.target(ctx, kind, &have, nil)
	if err != nil {
		return err
	}
	if last && want.empty() {
		return k.Backends[kind].Clear(ctx)
	}
	return k.Backends[kind].Apply(ctx, c)
}

// Held is what each backend holds that holds anything. It does not ask the book, which may
// be on its way to be rebuilt from this.
func (k Keeper) Held(ctx context.Context) (map[Kind]Ruleset, error) {
	held := map[Kind]Ruleset{}
	err := k.eachPresent(nil, func(kind Kind) (err error) {
		held[kind], err = k.Backends[kind].List(ctx)
		return err
	})
	return held, err
}

// Marks calls fn with the marks of the owners that the kernel has mappings of, as those of backends do.
func (k Keeper) Marks(ctx context.Context, fn func([]byte)) error {
	return k.eachPresent(nil, func(kind Kind) error { return k.Backends[kind].Marks(ctx, fn) })
}
