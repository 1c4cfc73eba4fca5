package host

import (
	"context"
	"errors"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
)

// whole holds its one key if nothing in the kernel carried a mark of ours when the book was begun. From then on the book
// is written before the kernel, so an owner that it does not know has nothing.
const whole state.Table = "whole"

var wholeKey = []byte("since it was begun")

// noteWhole is for a new book, and what it was rebuilt from. Where it can't be told whether there is anything,
// owners that are not known are looked for.
func (h *Host) noteWhole(tx *state.Tx, marked []links.Marked) error {
	if len(marked) > 0 {
		return nil
	}
	guarded := false
	if err := h.Fence.Marks(func([]byte) { guarded = true }); err != nil || guarded {
		return nil
	}
	for _, backend := range h.NAT.Backends {
		if there, err := backend.Present(); err != nil || there {
			return nil
		}
	}
	return state.Put(tx, whole, wholeKey, true)
}

// releaser takes away what an owner has.
type releaser func(context.Context, belongings) error

// releaseKnown goes by the book alone, where that is whole.
func (h *Host) releaseKnown(ctx context.Context, owner attachment.Owner, release releaser) error {
	return h.releaseMarked(ctx, owner, func(ctx context.Context, has belongings) error {
		if nothing, err := h.nothing(has); err != nil || nothing {
			return err
		}
		return release(ctx, has)
	})
}

// releaseMarked is for an owner that marks in the kernel may name, whatever the book knows.
func (h *Host) releaseMarked(ctx context.Context, owner attachment.Owner, release releaser) error {
	has, err := h.belongings(ctx, owner)
	if err != nil {
		return err
	}
	return release(ctx, has)
}

// nothing reports whether an owner has nothing, without a look at all that the kernel has: runtimes call DEL
// again, and before the first ADD.
func (h *Host) nothing(has belongings) (bool, error) {
	if has.known || !has.whole || len(has.parts) > 0 || len(has.addresses) > 0 {
		return false, nil
	}
	there, err := h.Links.Has(has.owner.HostLink())
	return !there, err
}

// releaseUnrecorded removes what carries the owner's mark. What carries no owner (the
// masqueraded networks) is only taken for its own if no other attachment is to be seen.
func (h *Host) releaseUnrecorded(ctx context.Context, owner attachment.Owner) error {
	ports, err := h.markedPorts()
	if err != nil {
		return err
	}
	last := !slices.ContainsFunc(ports, func(l links.Marked) bool { return l.Mark != owner.Mark() })
	return errors.Join(h.NAT.RemoveUnrecorded(ctx, owner, last), h.Fence.RemoveUnrecorded(ctx, owner))
}
