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
	had, err := k.recorded(ctx, holder{owner, part})
	if err != nil {
		return err
	}
	if !had.Empty() {
		if err := k.remove(ctx, holder{owner, part}); err != nil {
			return err
		}
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
		var c Change
		err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
			c, err = addition(tx, h)
			return err
		})
		if err != nil || c.Empty() {
			return err
		}
		return k.apply(ctx, c)
	})
}

// addition is the change that brings a holder's translations into the kernel. Networks that
// others need too are added all the same: those may not have come to it yet.
func addition(tx *state.Tx, h holder) (Change, error) {
	want, err := Recorded(tx, h.Owner, h.Part)
	if err != nil || want.Empty() {
		return Change{}, err
	}
	after, before, err := bothNetworks(tx, h)
	if err != nil {
		return Change{}, err
	}
	mine := networksOf(want)
	return Change{
		Mark: h.Owner.Mark(), Add: want.Mappings,
		AddNetworks: after.covering(mine), RemoveNetworks: before.minus(after),
	}, nil
}

// removal is the change that takes a holder's translations out of the kernel.
func removal(tx *state.Tx, h holder) (Change, error) {
	had, err := Recorded(tx, h.Owner, h.Part)
	if err != nil || had.Empty() {
		return Change{}, err
	}
	with, without, err := bothNetworks(tx, h)
	if err != nil {
		return Change{}, err
	}
	return Change{
		Mark: h.Owner.Mark(), Remove: had.Mappings,
		AddNetworks: without.minus(with), RemoveNetworks: with.minus(without),
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
	had, err := k.recorded(ctx, h)
	if err != nil || had.Empty() {
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
	var c Change
	var last bool
	err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
		if last, err = alone(tx, h); err != nil {
			return err
		}
		c, err = removal(tx, h)
		return err
	})
	if err != nil {
		return err
	}
	if last {
		return k.Backend.Clear(ctx)
	}
	err = k.Backend.Apply(ctx, c)
	if !errors.Is(err, ErrDrift) {
		return err
	}
	return k.restore(ctx, &h)
}

// apply makes a change; where the kernel is not what the book says, everything that the
// book says is restored instead.
func (k Keeper) apply(ctx context.Context, c Change) error {
	err := k.Backend.Apply(ctx, c)
	if !errors.Is(err, ErrDrift) {
		return err
	}
	return k.restore(ctx, nil)
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
