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
		have, err := k.Backend.List(ctx)
		if err != nil {
			return err
		}
		want, err := k.target(ctx, have, nil)
		if err != nil || differences(want, have) == nil {
			return err
		}
		changed = true
		return k.load(ctx, want)
	})
	return changed, err
}

// CheckAll compares the kernel with the book for all owners. The error names all that
// differs.
func (k Keeper) CheckAll(ctx context.Context) error {
	have, err := k.Backend.List(ctx)
	if err != nil {
		return err
	}
	want, err := k.target(ctx, have, nil)
	return errors.Join(append(differences(want, have), err)...)
}

// restore loads all that the book says, but for one holder on its way out, which may be
// nil. The caller holds the kernel lock.
func (k Keeper) restore(ctx context.Context, except *holder) error {
	have, err := k.Backend.List(ctx)
	if err != nil {
		return err
	}
	want, err := k.target(ctx, have, except)
	if err != nil {
		return err
	}
	return k.load(ctx, want)
}

// load leaves no table behind that would hold nothing.
func (k Keeper) load(ctx context.Context, want Ruleset) error {
	if want.empty() {
		return k.Backend.Clear(ctx)
	}
	return k.Backend.Restore(ctx, want)
}

// target is what the kernel shall hold that holds have now: what the book says, and what
// belongs to owners that the book knows nothing of, since it may have been lost while they
// live.
func (k Keeper) target(ctx context.Context, have Ruleset, except *holder) (want Ruleset, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		if want, err = ruleset(tx, except); err != nil {
			return err
		}
		entries, err := strangers(tx, want, have)
		want = want.keeping(entries, have.Networks)
		return err
	})
	return want, err
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
		c := Change{Mark: owner.Mark(), Remove: have.of(owner.Mark())}
		have.Entries = slices.DeleteFunc(have.Entries, func(e Entry) bool { return e.Mark == owner.Mark() })
		want, err := k.target(ctx, have, nil)
		if err != nil {
			return err
		}
		if last && want.empty() {
			return k.Backend.Clear(ctx)
		}
		return k.Backend.Apply(ctx, c)
	})
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
