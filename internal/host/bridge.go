package host

import (
	"context"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

// Bridge is the object that stands for a bridge.
func Bridge(name string) shared.Object {
	return shared.Object{Kind: shared.Bridge, Name: name}
}

// UseBridge makes the bridge ready for owner, whose use of it stands in the book already:
// a parallel Release that sees no other user can't remove it in between.
func (h *Host) UseBridge(ctx context.Context, b links.Bridge) (st links.BridgeState, err error) {
	err = h.locked(ctx, func() error {
		st, err = h.Links.EnsureBridge(ctx, b)
		return err
	})
	return st, err
}

// UndoBridge takes back what UseBridge changed for owner, unless another attachment has
// come to use the bridge since.
func (h *Host) UndoBridge(ctx context.Context, b links.Bridge, st links.BridgeState, owner attachment.Owner) error {
	return h.locked(ctx, func() error {
		used, err := h.usedByOthers(ctx, Bridge(b.Name), owner)
		switch {
		case err != nil || used:
			return err
		case st.Made:
			return h.Links.RemoveBridge(ctx, b.Name, b.Mark)
		}
		return h.Links.RemoveAddresses(ctx, b.Name, st.Added)
	})
}

// RemoveUnusedBridge removes a bridge of ours that has no ports and that nobody in the book
// uses.
func (h *Host) RemoveUnusedBridge(ctx context.Context, name string) error {
	return h.locked(ctx, func() error {
		used, err := h.usedByOthers(ctx, Bridge(name), attachment.Owner{})
		if err != nil || used {
			return err
		}
		return h.Links.RemoveBridge(ctx, name, BridgeMark)
	})
}

func (h *Host) usedByOthers(ctx context.Context, o shared.Object, owner attachment.Owner) (used bool, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		used, err = o.UsedByOthers(tx, owner)
		return err
	})
	return used, err
}
