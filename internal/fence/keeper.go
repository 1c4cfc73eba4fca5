package fence

import (
	"context"
	"log/slog"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/state"
)

// Keeper keeps the kernel's fences as the book says. It may be used by any number of
// processes at once: what several owners share is decided under the kernel lock.
type Keeper struct {
	Store *state.Store
	Conn  *netfilter.Conn
	Log   *slog.Logger
}

// Apply brings into the kernel what the book says of an owner, after Claim.
func (k Keeper) Apply(ctx context.Context, owner attachment.Owner) error {
	return k.locked(ctx, func() error {
		list, first, err := k.coming(ctx, owner)
		switch {
		case err != nil || len(list) == 0:
			return err
		case first:
			return k.restore(ctx, attachment.Owner{}) // there are no tables yet, and to find out costs 7 ms
		}
		return k.change(ctx, k.kernel().add(list), attachment.Owner{})
	})
}

// coming is what the book says of an owner, and whether it says so of nobody else.
func (k Keeper) coming(ctx context.Context, owner attachment.Owner) (list []entry, first bool, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		c, err := recorded(tx, owner)
		for _, e := range c.Elements {
			list = append(list, c.entry(e))
		}
		first = nobodyBut(tx, owner)
		return err
	})
	return list, first, err
}

// Remove takes an owner out of the kernel first and out of the book second, so that a kill in
// between leaves nothing that the book doesn't know. Its port can send nothing from then on,
// so the port need not be gone; walls that stand for nobody else wait for portGone.
func (k Keeper) Remove(ctx context.Context, owner attachment.Owner, portGone func() error) error {
	wait, err := k.remove(ctx, owner, false)
	if err != nil || !wait {
		return err
	}
	if err := portGone(); err != nil {
		return err
	}
	_, err = k.remove(ctx, owner, true)
	return err
}

// remove reports whether the port has to be gone first.
func (k Keeper) remove(ctx context.Context, owner attachment.Owner, gone bool) (wait bool, err error) {
	err = state.Holding(ctx, "change fences", k.Store.LockRemoval, func() error {
		l, err := k.leaving(ctx, owner)
		if err != nil || !l.recorded {
			return err
		}
		wait = !gone && slices.ContainsFunc(l.only, func(e entry) bool { return !e.ofPort() })
		switch {
		case wait:
			return nil
		case l.last:
			err = k.restore(ctx, owner)
		default:
			err = k.change(ctx, k.kernel().remove(l.only), owner)
		}
		if err != nil {
			return err
		}
		return k.Store.Update(ctx, func(tx *state.Tx) error { return forget(tx, owner) })
	})
	return wait, err
}

// leaving is what goes with an owner: what nobody else needs of its own, and everything if
// there is nobody else at all.
type leaving struct {
	recorded, last bool
	only           []entry
}

func (k Keeper) leaving(ctx context.Context, owner attachment.Owner) (l leaving, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		c, err := recorded(tx, owner)
		if err != nil || len(c.Elements) == 0 {
			return err
		}
		l.recorded, l.last = true, nobodyBut(tx, owner)
		l.only, err = c.alone(tx)
		return err
	})
	return l, err
}

// Marks calls fn with the marks of the owners whose ports the kernel guards: each is in this set. What fn is given is
// overwritten afterwards.
func (k Keeper) Marks(fn func([]byte)) error { return k.Conn.Comments(MACs.nft(), fn) }

// RemoveUnrecorded removes from the kernel what carries the mark of an owner that the book does
// not know any more, and with it what stood for that owner's bridge alone.
func (k Keeper) RemoveUnrecorded(ctx context.Context, owner attachment.Owner) error {
	return k.locked(ctx, func() error {
		have, _, err := k.kernel().list()
		if err != nil || !slices.ContainsFunc(have, func(e entry) bool { return e.mark == owner.Mark() }) {
			return err
		}
		return k.restore(ctx, owner)
	})
}

// change takes the outcome of a change; where the kernel is not what the book says, all of it
// is restored instead, but for one owner on its way out, which may be the zero Owner.
func (k Keeper) change(ctx context.Context, err error, except attachment.Owner) error {
	switch {
	case err == nil:
		return nil
	case netfilter.IsDrift(err):
		k.Log.InfoContext(ctx, "restoring fences", "because", err)
		return k.restore(ctx, except)
	}
	return failure.To("change fences", err)
}

func (k Keeper) restore(ctx context.Context, except attachment.Owner) error {
	list, err := k.wanted(ctx, except)
	if err != nil {
		return err
	}
	if err := k.kernel().restore(list); err != nil {
		return failure.To("restore fences", err)
	}
	return nil
}

func (k Keeper) wanted(ctx context.Context, except attachment.Owner) (list []entry, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		list, err = wanted(tx, except)
		return err
	})
	return list, err
}

func (k Keeper) kernel() kernel { return kernel{k.Conn} }

func (k Keeper) locked(ctx context.Context, fn func() error) error {
	return state.Holding(ctx, "change fences", k.Store.LockKernel, fn)
}
