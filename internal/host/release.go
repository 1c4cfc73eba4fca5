package host

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
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
	return h.releaseKnown(ctx, owner, h.release)
}

func (h *Host) release(ctx context.Context, has belongings) error {
	owner := has.owner
	h.removed = true
	// Both wait for the kernel, so they do it at the same time.
	deleted := make(chan error, 1)
	go func() { deleted <- h.Links.DeletePort(ctx, owner.HostLink(), owner.Mark()) }()
	portGone := sync.OnceValue(func() error { return <-deleted })
	rules := h.releaseRules(ctx, &has, portGone)
	if err := errors.Join(portGone(), rules); err != nil {
		return failure.To("release "+owner.String(), err)
	}
	// While the link stands, others may still begin connections with its addresses.
	h.dropConnectionsOf(ctx, has.addresses)
	if !has.known {
		return h.Store.Update(ctx, func(tx *state.Tx) error { return forget(tx, owner) })
	}
	return h.locked(ctx, func() error {
		return h.leave(ctx, has.record, sharedBy(has.record), func(tx *state.Tx) error { return forget(tx, owner) })
	})
}

// belongings are what the book says that an owner has. Who holds the owner's lock can rely on them.
type belongings struct {
	owner     attachment.Owner
	record    *state.Attachment // of nothing, if it is not known
	known     bool
	whole     bool         // is the book
	parts     []nat.Part   // that have translations
	addresses []netip.Addr // that it has leases of
}

func (h *Host) belongings(ctx context.Context, owner attachment.Owner) (has belongings, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) (err error) {
		has = belongings{owner: owner, whole: state.Has(tx, whole, wholeKey)}
		if has.record, has.known, err = tx.Attachment(owner); err != nil {
			return err
		}
		for _, part := range []nat.Part{nat.PartNatport, nat.PartVethbridge} {
			_, translated, failed := nat.Recorded(tx, owner, part)
			if err = errors.Join(err, failed); translated {
				has.parts = append(has.parts, part)
			}
		}
		leases, failed := ipam.Leases(tx, owner)
		for i := range leases {
			has.addresses = append(has.addresses, leases[i].Address.Addr())
		}
		return errors.Join(err, failed)
	})
	return has, err
}

func (h *Host) record(ctx context.Context, owner attachment.Owner) (a *state.Attachment, known bool, err error) {
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

// releaseRules goes by the book. An owner without a record may still have marked objects in
// the kernel, if the book was lost.
func (h *Host) releaseRules(ctx context.Context, has *belongings, portGone func() error) error {
	if !has.known {
		return h.releaseUnrecorded(ctx, has.owner)
	}
	return errors.Join(h.releaseTranslations(ctx, has, has.parts...), h.Fence.Remove(ctx, has.owner, portGone))
}

// releaseTranslations ends the connections of published ports too, but for those to addresses that the owner has
// leases of. With such an address all of its connections end, when its link is gone: DEL of vethbridge follows that
// of natport, and each search walks through the kernel's whole table. Until then they go on to who has it.
func (h *Host) releaseTranslations(ctx context.Context, has *belongings, parts ...nat.Part) (err error) {
	for _, part := range parts {
		err = errors.Join(err, h.NAT.Remove(ctx, has.owner, part, func(list []nat.Mapping) {
			h.dropLed(ctx, slices.DeleteFunc(list, func(m nat.Mapping) bool { return slices.Contains(has.addresses, m.Target.Addr()) }))
		}))
	}
	return err
}

// markedPorts lists the links that carry an owner's mark.
func (h *Host) markedPorts() ([]links.Marked, error) {
	marked, err := h.Links.MarkedLinks(attachment.MarkPrefix)
	return slices.DeleteFunc(marked, func(l links.Marked) bool { return l.Mark == BridgeMark }), err
}

// leave runs finish, which takes a record's owner off objects, in a transaction. What nobody else uses is put
// back before. The caller holds the kernel lock.
func (h *Host) leave(ctx context.Context, record *state.Attachment, objects []shared.Object, finish func(*state.Tx) error) error {
	var last []shared.Object
	err := h.Store.Update(ctx, func(tx *state.Tx) (err error) {
		if last, err = toPutBack(tx, record, objects); err != nil || len(last) > 0 {
			return err
		}
		return finish(tx)
	})
	if err != nil || len(last) == 0 {
		return err
	}
	for _, o := range last {
		if err := h.putBack(ctx, o, record); err != nil {
			return failure.To("put back "+o.String(), err)
		}
	}
	return h.Store.Update(ctx, finish)
}

// toPutBack are those objects that have changed something, and that nobody else uses.
func toPutBack(tx *state.Tx, record *state.Attachment, objects []shared.Object) (list []shared.Object, err error) {
	own, _, err := tx.Attachment(record.Owner) // a book that was rebuilt meanwhile may not have it
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		used, err := o.UsedByOthers(tx, own)
		if err != nil {
			return nil, err
		}
		differs, err := changed(tx, o, record.RemoveBridge)
		if err != nil {
			return nil, err
		}
		if differs && !used {
			list = append(list, o)
		}
	}
	return list, nil
}

// changed reports whether there is something to put back of o, apart from a bridge that is to stay.
func changed(tx *state.Tx, o shared.Object, removeBridge bool) (bool, error) {
	switch o.Kind {
	case shared.Uplink:
		return true, nil
	case shared.Bridge, shared.VLAN:
		return removeBridge, nil
	}
	settings, err := o.Settings(tx)
	return len(settings) > 0, err
}

// sharedBy lists what an attachment has in common with others.
func sharedBy(record *state.Attachment) []shared.Object {
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

// putBack makes o what it was before its first user.
func (h *Host) putBack(ctx context.Context, o shared.Object, record *state.Attachment) error {
	switch o.Kind {
	case shared.Uplink:
		return h.restoreUplink(ctx, o.Name)
	case shared.Zoned:
		return h.leaveZone(ctx, o.Name)
	case shared.Accepted:
		return h.withdraw(ctx, o.Name)
	case shared.VLAN:
		return errors.Join(h.Links.RemoveVLANLink(o.Name, BridgeMark), h.withdrawGateways(ctx, o.Name))
	case shared.Bridge:
		return errors.Join(h.removeBridge(ctx, record.Bridge), h.withdrawGateways(ctx, record.Bridge))
	}
	return h.restoreSettings(ctx, o)
}

// forget closes the owner's record.
func forget(tx *state.Tx, owner attachment.Owner) error {
	record, _, err := tx.Attachment(owner)
	if err != nil {
		return err
	}
	if err := errors.Join(shared.LeaveAll(tx, record), releaseMAC(tx, record)); err != nil {
		return err
	}
	if err := ipam.Release(tx, owner); err != nil {
		return err
	}
	return tx.DeleteAttachment(owner)
}
