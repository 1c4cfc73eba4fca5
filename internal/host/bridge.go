package host

import (
	"context"
	"errors"
	"net/netip"
	"strconv"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

// Bridge is the object that stands for a bridge.
func Bridge(name string) shared.Object {
	return shared.Object{Kind: shared.Bridge, Name: name}
}

// VLANLink is the object that stands for the link of a bridge in a VLAN, with the gateways.
func VLANLink(name string) shared.Object {
	return shared.Object{Kind: shared.VLAN, Name: name}
}

// UseBridge makes the bridge ready for owner, whose use of it stands in the book already:
// a parallel Release that sees no other user can't remove it in between. Configured are all
// gateways that the network may have, nil if only an IPAM plugin knows them. Errors that have a
// type: those of links.EnsureBridge, *GatewayInUseError.
func (h *Host) UseBridge(ctx context.Context, b links.Bridge, configured []netip.Prefix, owner attachment.Owner) (st links.BridgeState, err error) {
	if err = h.own(&b); err != nil {
		return links.BridgeState{}, err
	}
	err = h.locked(ctx, func() error {
		if st, err = h.Links.EnsureBridge(ctx, b); err != nil {
			return err
		}
		if err = h.followMTU(ctx, &b, &st, owner); err == nil && len(st.Added) > 0 {
			err = h.readdress(ctx, &b, st.Added, configured, owner)
		}
		if err != nil {
			return errors.Join(err, h.Links.RemoveAddresses(ctx, b.GatewayName(), st.Added), h.undoBridge(ctx, &b, &st, owner))
		}
		return nil
	})
	return st, err
}

// followMTU gives a bridge of ours that nobody else uses the MTU that is wanted now: the config or
// the default route's device has changed.
func (h *Host) followMTU(ctx context.Context, b *links.Bridge, st *links.BridgeState, owner attachment.Owner) error {
	if !st.Ours || st.Made || b.MTU == 0 || b.MTU == st.Link.MTU {
		return nil
	}
	used, err := h.usedByOthers(ctx, Bridge(b.Name), owner)
	if err != nil || used {
		return err
	}
	return h.Links.SetBridgeMTU(*b, st)
}

// own adds what tells a bridge that we make from any other: the mark, and a MAC address that
// is the same every time on this host and in no other.
func (h *Host) own(b *links.Bridge) error {
	self, err := netns.Own()
	if err != nil {
		return err
	}
	b.Mark = BridgeMark
	b.MAC = links.DerivedMAC(h.Store.BootID(), strconv.FormatUint(self.Inode, 10), b.Name)
	return nil
}

// removeBridge removes a bridge of ours. The caller holds the kernel lock and has seen that
// nobody uses it.
func (h *Host) removeBridge(ctx context.Context, name string) error {
	b := links.Bridge{Name: name}
	if err := h.own(&b); err != nil {
		return err
	}
	return h.Links.RemoveBridge(ctx, b)
}

// UndoBridge takes back what UseBridge changed for owner, unless another attachment has
// come to use the bridge since.
func (h *Host) UndoBridge(ctx context.Context, b links.Bridge, st links.BridgeState, owner attachment.Owner) error {
	return h.locked(ctx, func() error { return h.undoBridge(ctx, &b, &st, owner) })
}

func (h *Host) undoBridge(ctx context.Context, b *links.Bridge, st *links.BridgeState, owner attachment.Owner) error {
	if st.GatewayMade {
		if err := h.undoVLANLink(ctx, b.GatewayName(), owner); err != nil {
			return err
		}
	}
	used, err := h.usedByOthers(ctx, Bridge(b.Name), owner)
	switch {
	case err != nil || used:
		return err
	case st.Made:
		err = h.removeBridge(ctx, b.Name)
	default:
		err = h.Links.RestoreBridge(ctx, *b, *st)
	}
	return errors.Join(err, h.forgetGateways(ctx, b.GatewayName(), st.Added))
}

func (h *Host) undoVLANLink(ctx context.Context, name string, owner attachment.Owner) error {
	used, err := h.usedByOthers(ctx, VLANLink(name), owner)
	if err != nil || used {
		return err
	}
	return h.Links.RemoveVLANLink(name, BridgeMark)
}

// RemoveUnusedBridge removes a bridge of ours that has no ports and that nobody in the book
// uses.
func (h *Host) RemoveUnusedBridge(ctx context.Context, name string) error {
	return h.locked(ctx, func() error {
		used, err := h.usedByOthers(ctx, Bridge(name), attachment.Owner{})
		if err != nil || used {
			return err
		}
		return h.removeBridge(ctx, name)
	})
}

func (h *Host) usedByOthers(ctx context.Context, o shared.Object, owner attachment.Owner) (used bool, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		record, _, err := tx.Attachment(owner)
		if err == nil {
			used, err = o.UsedByOthers(tx, record)
		}
		return err
	})
	return used, err
}
