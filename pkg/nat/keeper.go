package nat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Keeper keeps the kernel's translations as the book says. It may be used by any number of
// processes at once: what several owners share is decided under the kernel lock.
type Keeper struct {
	Store   *state.Store
	Backend Backend
	Log     *slog.Logger
}

// Replace makes want all that a part of an owner has, in book and kernel; nothing is a
// removal. Repeating it changes nothing.
func (k Keeper) Replace(ctx context.Context, owner attachment.Owner, part Part, want Translations) error {
	if want.Empty() {
		return k.remove(ctx, holder{owner, part})
	}
	if err := k.Store.Update(ctx, func(tx *state.Tx) error { return Claim(tx, owner, part, want) }); err != nil {
		return err
	}
	return k.Apply(ctx, owner, part)
}

// Apply loads into the kernel what the book says of a part of an owner, after Claim.
func (k Keeper) Apply(ctx context.Context, owner attachment.Owner, part Part) error {
	h := holder{owner, part}
	return k.locked(ctx, func() error {
		var r record
		var c Change
		var first bool
		err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
			if r, _, err = lookup(tx, h); err != nil || r.Translations.Empty() {
				return err
			}
			if first, err = alone(tx, h); err != nil {
				return err
			}
			c, err = addition(tx, r)
			return err
		})
		switch {
		case err != nil:
			return err
		case r.Replaced:
			return k.replace(ctx, h)
		case first && !c.Empty():
			return k.restore(ctx, nil) // there is nothing to change yet, and a change that fails costs 7 ms
		}
		return k.change(ctx, c, nil)
	})
}

// replace loads all that the book says, since nothing says what a record has replaced, or
// whether that ever came to the kernel.
func (k Keeper) replace(ctx context.Context, h holder) error {
	if err := k.restore(ctx, nil); err != nil {
		return err
	}
	return k.Store.Update(ctx, func(tx *state.Tx) error { return settle(tx, h) })
}

// addition is the change that brings a record's translations into the kernel. Networks that
// others need too are added all the same: those may not have come to it yet.
func addition(tx *state.Tx, r record) (Change, error) {
	after, before, err := bothNetworks(tx, r.Holder)
	if err != nil {
		return Change{}, err
	}
	return Change{
		Mark: r.Holder.Owner.Mark(), Add: r.Translations.Mappings,
		AddNetworks: after.covering(networksOf(r.Translations)), RemoveNetworks: before.minus(after),
	}, nil
}

// removal is the change that takes a record's translations out of the kernel.
func removal(tx *state.Tx, r record) (Change, error) {
	before, after, err := bothNetworks(tx, r.Holder)
	if err != nil {
		return Change{}, err
	}
	return Change{
		Mark: r.Holder.Owner.Mark(), Remove: r.Translations.Mappings,
		AddNetworks: after.minus(before), RemoveNetworks: before.minus(after),
	}, nil
}

// bothNetworks returns the networks that are needed with a holder and without it.
func bothNetworks(tx *state.Tx, h holder) (with, without Networks, err error) {
	if with, err = networks(tx, nil); err != nil {
		return with, without, err
	}
	without, err = networks(tx, &h)
	return with, without, err
}

// remove takes a holder out of the kernel first and out of the book second, so that a kill
// in between leaves nothing that the book doesn't know.
func (k Keeper) remove(ctx context.Context, h holder) error {
	known := false
	err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
		_, known, err = lookup(tx, h)
		return err
	})
	if err != nil || !known {
		return err
	}
	return k.locked(ctx, func() error {
		if err := k.removeFromKernel(ctx, h); err != nil {
			return err
		}
		return k.Store.Update(ctx, func(tx *state.Tx) error { return drop(tx, h) })
	})
}

func (k Keeper) removeFromKernel(ctx context.Context, h holder) error {
	var r record
	var last bool
	var c Change
	err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
		if last, err = alone(tx, h); err != nil {
			return err
		}
		var known bool
		if r, known, err = lookup(tx, h); err != nil || !known {
			return err
		}
		c, err = removal(tx, r)
		return err
	})
	if err != nil {
		return err
	}
	if last || r.Replaced {
		return k.restore(ctx, &h)
	}
	return k.change(ctx, c, &h)
}

// change makes a change; where the kernel is not what the book says, everything that the
// book says is restored instead, but for one holder on its way out, which may be nil.
func (k Keeper) change(ctx context.Context, c Change, except *holder) error {
	err := k.Backend.Apply(ctx, c)
	if !errors.Is(err, ErrDrift) {
		return err
	}
	k.Log.InfoContext(ctx, "restoring translations", "because", err)
	return k.restore(ctx, except)
}

func (k Keeper) recorded(ctx context.Context, h holder) (t Translations, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		t, err = Recorded(tx, h.Owner, h.Part)
		return err
	})
	return t, err
}

func (k Keeper) locked(ctx context.Context, fn func() error) error {
	unlock, err := k.Store.LockKernel(ctx)
	if err != nil {
		return fmt.Errorf("change translations: %w", err)
	}
	defer unlock()
	return fn()
}
