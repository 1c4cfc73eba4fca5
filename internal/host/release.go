package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// Release takes an attachment apart: its link, its translations, its share of the bridge
// and of forwarding, its addresses, its record. It needs nothing but the owner, and an
// owner that has nothing is no error. Every part is tried; while the link or a
// translation is still there, the record and the addresses stay, so that nobody gets an
// address that is in use and the next DEL can finish.
func (h *Host) Release(ctx context.Context, owner attachment.Owner) error {
	record, known, err := h.record(ctx, owner)
	if err != nil {
		return err
	}
	// Both wait for the kernel, so they do it at the same time.
	deleted := make(chan error, 1)
	go func() { deleted <- h.Links.DeletePort(ctx, owner.HostLink(), owner.Mark()) }()
	portGone := sync.OnceValue(func() error { return <-deleted })
	rules := h.releaseTranslations(ctx, owner, known)
	if known {
		rules = errors.Join(rules, h.Fence.Remove(ctx, owner, portGone))
	}
	if err := errors.Join(portGone(), rules); err != nil {
		return fmt.Errorf("release %s: %w", owner, err)
	}
	// While the link stands, others may still begin connections with its addresses.
	if err := h.dropConnectionsOf(ctx, owner); err != nil {
		return fmt.Errorf("release %s: %w", owner, err)
	}
	if !known {
		return h.forget(ctx, owner)
	}
	return h.locked(ctx, func() error { return h.releaseShared(ctx, record) })
}

func (h *Host) record(ctx context.Context, owner attachment.Owner) (a state.Attachment, known bool, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		a, known, err = tx.Attachment(owner)
		return err
	})
	return a, known, err
}

// Attached reports whether the book has a record of the owner.
func (h *Host) Attached(ctx context.Context, owner attachment.Owner) (bool, error) {
	_, known, err := h.record(ctx, owner)
	return known, err
}

// releaseTranslations goes by the book. An owner without a record may still have marked
// objects in the kernel, if the book was lost.
func (h *Host) releaseTranslations(ctx context.Context, owner attachment.Owner, known bool) error {
	if !known {
		return h.releaseUnrecorded(ctx, owner)
	}
	mappings, err := h.mappings(ctx, owner)
	if err != nil {
		return err
	}
	err = errors.Join(h.NAT.Remove(ctx, owner, nat.PartNatport), h.NAT.Remove(ctx, owner, nat.PartVethbridge))
	h.dropLed(ctx, mappings)
	return err
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

// markedPorts lists the links that carry an owner's mark.
func (h *Host) markedPorts() ([]links.Marked, error) {
	marked, err := h.Links.MarkedLinks(attachment.MarkPrefix)
	return slices.DeleteFunc(marked, func(l links.Marked) bool { return l.Mark == BridgeMark }), err
}

// mappings lists the ports that natport published for an owner.
func (h *Host) mappings(ctx context.Context, owner attachment.Owner) (list []nat.Mapping, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		t, err := nat.Recorded(tx, owner, nat.PartNatport)
		list = t.Mappings
		return err
	})
	return list, err
}

// releaseShared puts back what the owner was the last to use, and closes its record.
func (h *Host) releaseShared(ctx context.Context, record state.Attachment) error {
	objects := sharedBy(record)
	for _, o := range objects {
		if err := h.putBack(ctx, o, record); err != nil {
			return fmt.Errorf("put back %s: %w", o, err)
		}
	}
	return h.forget(ctx, record.Owner, objects...)
}

// sharedBy lists what an attachment has in common with others.
func sharedBy(record state.Attachment) []shared.Object {
	var objects []shared.Object
	if record.Uplink != "" { // before the bridge, which stays while it has ports
		objects = append(objects, UplinkObject(record.Uplink))
	}
	if record.GatewayLink != "" {
		objects = append(objects, VLANLink(record.GatewayLink))
	}
	if record.Bridge != "" {
		gateway := record.Gateway()
		objects = append(objects, Zoned(gateway), Bridge(record.Bridge), Accepted(gateway), Forwarding4, Forwarding6)
	}
	if record.LocalhostVia != "" {
		objects = append(objects, Localhost(record.LocalhostVia))
	}
	return objects
}

// putBack makes o what it was before its first user, if the record's owner is its last.
func (h *Host) putBack(ctx context.Context, o shared.Object, record state.Attachment) error {
	used, err := h.usedByOthers(ctx, o, record.Owner)
	if err != nil || used {
		return err
	}
	switch {
	case o.Kind == shared.Uplink:
		return h.restoreUplink(ctx, o.Name)
	case o.Kind == shared.Zoned:
		return h.leaveZone(ctx, o.Name)
	case o.Kind == shared.Accepted:
		return h.withdraw(ctx, o.Name)
	case o.Kind != shared.Bridge && o.Kind != shared.VLAN:
		return h.restoreSettings(ctx, o)
	case !record.RemoveBridge:
		return nil
	case o.Kind == shared.VLAN:
		return errors.Join(h.Links.RemoveVLANLink(o.Name, BridgeMark), h.withdrawGateways(ctx, o.Name))
	}
	return errors.Join(h.removeBridge(ctx, record.Bridge), h.withdrawGateways(ctx, record.Bridge))
}

// forget closes the owner's record in one transaction.
func (h *Host) forget(ctx context.Context, owner attachment.Owner, objects ...shared.Object) error {
	return h.Store.Update(ctx, func(tx *state.Tx) error {
		for _, o := range objects {
			if err := o.Leave(tx, owner); err != nil {
				return err
			}
		}
		if err := releaseMAC(tx, owner); err != nil {
			return err
		}
		if err := ipam.Release(tx, owner); err != nil {
			return err
		}
		return tx.DeleteAttachment(owner)
	})
}
