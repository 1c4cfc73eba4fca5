package nat

import (
	"context"
	"errors"
	"log/slog"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Keeper keeps the kernel's translations as the book says. It may be used by any number of
// processes at once: what several owners share is decided under the kernel lock.
type Keeper struct {
	Store    *state.Store
	Backends map[Kind]Backend
	Log      *slog.Logger
}

// Replace makes want all that a part of an owner has, in book and kernel, by a backend; nothing
// is a removal. Repeating it changes nothing.
func (k Keeper) Replace(ctx context.Context, owner attachment.Owner, part Part, by Kind, want Translations) error {
	if want.Empty() {
		return k.Remove(ctx, owner, part, func([]Mapping) {})
	}
	if err := k.Store.Update(ctx, func(tx *state.Tx) error { return Claim(tx, owner, part, by, want) }); err != nil {
		return err
	}
	return k.Apply(ctx, owner, part)
}

// Apply loads into the kernel what the book says of a part of an owner, after Claim.
func (k Keeper) Apply(ctx context.Context, owner attachment.Owner, part Part) error {
	h := holder{owner, part}
	return k.locked(ctx, func() error {
		var r *record
		var c Change
		err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
			if r, _, err = lookup(tx, h); err != nil || r.empty() {
				return err
			}
			c, err = addition(tx, r)
			return err
		})
		switch {
		case err != nil:
			return err
		case len(r.Replaced) > 0:
			return k.replace(ctx, r)
		case c.Empty():
			return nil
		}
		switch first, err := k.first(ctx, r); {
		case err != nil:
			return err
		case first:
			return k.restore(ctx, r.Backend, nil) // there is nothing to change yet, and a change that fails costs 7 ms
		}
		return k.change(ctx, r.Backend, &c, nil)
	})
}

// first reports whether a backend has nothing yet to which a record's translations could be added, or what another
// release has made.
// The kernel tells it of nftables by one answer; of iptables it may take a program.
func (k Keeper) first(ctx context.Context, r *record) (first bool, err error) {
	if r.Backend == Nftables {
		ready, err := k.Backends[r.Backend].Ready()
		return !ready, err
	}
	err = k.Store.View(ctx, func(tx *state.Tx) (err error) {
		first, err = alone(tx, r.Backend, r.Holder)
		return err
	})
	return first, err
}

// replace loads all that the book says, since nothing says what a record has replaced, or
// whether that ever came to the kernel.
func (k Keeper) replace(ctx context.Context, r *record) error {
	for _, kind := range r.leftIn(true) {
		if err := k.restore(ctx, kind, nil); err != nil {
			return err
		}
	}
	return k.Store.Update(ctx, func(tx *state.Tx) error { return settle(tx, r.Holder) })
}

// addition is the change that brings a record's translations into the kernel, with the networks of
// others that get wider by them. Networks that others need too are added all the same: those may not
// have come to it yet.
func addition(tx *state.Tx, r *record) (Change, error) {
	after, before, err := bothNetworks(tx, r.Backend, r.Translations.Networks)
	if err != nil {
		return Change{}, err
	}
	needed := append(without(after, before), covering(after, inKernel(r.Translations.Networks))...)
	return Change{
		Mark: r.Holder.Owner.Mark(), Add: r.mappings(),
		AddNetworks: canonicalNetworks(needed), RemoveNetworks: without(before, after),
	}, nil
}

// removal is the change that takes a record's translations out of the kernel.
func removal(tx *state.Tx, r *record) (Change, error) {
	before, after, err := bothNetworks(tx, r.Backend, r.Translations.Networks)
	if err != nil {
		return Change{}, err
	}
	return Change{
		Mark: r.Holder.Owner.Mark(), Remove: r.mappings(),
		AddNetworks: without(after, before), RemoveNetworks: without(before, after),
	}, nil
}

// Remove takes all that a part of an owner has out of the kernel first and out of the book
// second, so that a kill in between leaves nothing that the book doesn't know. In between it hands the
// mappings to gone, which comes again after a kill: the book knows them still, and nobody can put them
// back into the kernel. It finds by itself which backend holds it. What is not there is no error.
func (k Keeper) Remove(ctx context.Context, owner attachment.Owner, part Part, gone func([]Mapping)) error {
	h := holder{owner, part}
	return state.Holding(ctx, "change translations", k.Store.LockRemoval, func() error {
		r, known, err := k.removeFromKernel(ctx, h)
		if err != nil || !known {
			return err
		}
		gone(r.mappings())
		return k.Store.Update(ctx, func(tx *state.Tx) error { return drop(tx, h) })
	})
}

func (k Keeper) removeFromKernel(ctx context.Context, h holder) (r *record, known bool, err error) {
	var last bool
	var c Change
	err = k.Store.View(ctx, func(tx *state.Tx) (err error) {
		if r, known, err = lookup(tx, h); err != nil || !known {
			return err
		}
		if last, err = alone(tx, r.Backend, h); err != nil {
			return err
		}
		c, err = removal(tx, r)
		return err
	})
	if err != nil || !known {
		return r, known, err
	}
	if !last && len(r.Replaced) == 0 {
		return r, true, k.change(ctx, r.Backend, &c, &h)
	}
	for _, kind := range r.leftIn(true) {
		err = errors.Join(err, k.restore(ctx, kind, &h))
	}
	return r, true, err
}

// change makes a change; where the kernel is not what the book says, everything that the
// book says is restored instead, but for one holder on its way out, which may be nil.
func (k Keeper) change(ctx context.Context, kind Kind, c *Change, except *holder) error {
	err := k.letWrite(ctx, kind, c, except)
	if err == nil {
		err = k.Backends[kind].Apply(ctx, *c)
	}
	if !errors.Is(err, ErrDrift) {
		return err
	}
	k.Log.InfoContext(ctx, "restoring translations", "because", err)
	return k.restore(ctx, kind, except)
}

func (k Keeper) locked(ctx context.Context, fn func() error) error {
	return state.Holding(ctx, "change translations", k.Store.LockKernel, fn)
}
