package host

import (
	"context"
	"errors"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/netns"
	"vethbridge/internal/state"
)

// Liveness is what is known about an attachment's life.
type Liveness int

// An attachment is Dead if its boot is over, or if its namespace is gone and so is its
// host-side link. Unknown counts as alive: only the dead are reclaimed.
const (
	Alive Liveness = iota
	Dead
	Unknown
)

// String names the liveness as it stands in messages.
func (l Liveness) String() string {
	return [...]string{"alive", "dead", "unknown"}[l]
}

// Liveness judges the attachment of a record. What is made later may count as dead, so ReleaseDead looks whether the
// record has changed.
func (h *Host) Liveness(a *state.Attachment) (Liveness, error) {
	if a.BootID != h.Store.BootID() {
		return Dead, nil
	}
	if a.Netns == (state.Netns{}) && a.HostLink == "" {
		return Unknown, errors.New("neither its namespace nor its link is known")
	}
	gone, err := namespaceGone(a.Netns)
	if err != nil {
		return Unknown, err
	}
	if !gone {
		return Alive, nil
	}
	if a.HostLink == "" {
		return Dead, nil
	}
	there, err := h.Links.HasPort(a.HostLink, a.Owner.Mark())
	if err != nil {
		return Unknown, err
	}
	if there {
		return Alive, nil
	}
	return Dead, nil
}

// namespaceGone reports whether nothing stands at the path any more, or another
// namespace: each live one has an inode of its own (fs/nsfs.c).
func namespaceGone(recorded state.Netns) (bool, error) {
	now, err := netns.Identify(recorded.Path)
	var missing *netns.NotExistError
	var other *netns.NotNetnsError
	switch {
	case errors.As(err, &missing), errors.As(err, &other):
		return true, nil
	case err != nil:
		return false, err
	}
	return now.Dev != recorded.Dev || now.Inode != recorded.Inode, nil
}

// Reclaim releases the dead attachments of a network, or of all if network is empty, and
// returns them. One whose life can't be judged stays, with a warning. It looks at every
// attachment of the network.
func (h *Host) Reclaim(ctx context.Context, network string) (released []attachment.Owner, err error) {
	list, err := h.Attachments(ctx, network)
	if err != nil {
		return nil, err
	}
	var failed []error
	for i := range list {
		if !h.dead(ctx, list[i]) {
			continue
		}
		ok, err := h.ReleaseDead(ctx, list[i])
		if err != nil {
			failed = append(failed, err)
		} else if ok {
			h.logReclaimed(ctx, list[i].Owner)
			released = append(released, list[i].Owner)
		}
	}
	return released, errors.Join(failed...)
}

// ReclaimHolder releases the attachment of owner if it is dead, and reports whether what
// it held is free now: it also is if owner has no record at all.
func (h *Host) ReclaimHolder(ctx context.Context, owner attachment.Owner) (bool, error) {
	record, known, err := h.record(ctx, owner)
	if err != nil || known && !h.dead(ctx, record) {
		return false, err
	}
	record.Owner = owner
	released, err := h.ReleaseDead(ctx, record)
	if released {
		h.logReclaimed(ctx, owner)
	}
	return released, err
}

// logReclaimed is for what is released by the way: nobody has asked for that.
func (h *Host) logReclaimed(ctx context.Context, owner attachment.Owner) {
	h.Log.WarnContext(ctx, "reclaimed a dead attachment", "owner", owner.String())
}

// dead warns where it can't be told, which counts as alive.
func (h *Host) dead(ctx context.Context, a *state.Attachment) bool {
	life, err := h.Liveness(a)
	if err != nil {
		h.Log.WarnContext(ctx, "cannot tell whether an attachment is alive, keeping it", "owner", a.Owner.String(), "err", err)
	}
	return life == Dead
}

// ReleaseDead releases an attachment that was found dead, and reports whether it did. A record that has changed is judged
// once more when nobody else is at its owner: a container may have been started again under the same name.
// Another call for the owner is not waited for, since that may be waiting for the caller.
func (h *Host) ReleaseDead(ctx context.Context, found *state.Attachment) (bool, error) {
	unlock, ok, err := h.Store.TryLockOwner(found.Owner)
	if err != nil || !ok {
		return false, err
	}
	defer unlock()
	record, known, err := h.record(ctx, found.Owner)
	if err != nil || known && !sameLife(record, found) && !h.dead(ctx, record) {
		return false, err
	}
	if err := h.Release(ctx, found.Owner); err != nil {
		return false, failure.To("reclaim", err)
	}
	return true, nil
}

// sameLife reports whether two records are of one container: what is dead stays dead until it is attached anew.
func sameLife(a, b *state.Attachment) bool {
	return a.BootID == b.BootID && a.Created == b.Created && a.Netns == b.Netns && a.HostLink == b.HostLink
}

// Attachments lists the records of a network, or of all if network is empty.
func (h *Host) Attachments(ctx context.Context, network string) (list []*state.Attachment, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		list, err = tx.Attachments(network)
		return err
	})
	return list, err
}
