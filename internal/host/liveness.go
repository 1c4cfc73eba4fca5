package host

import (
	"context"
	"errors"
	"fmt"

	"vethbridge/internal/attachment"
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

// Liveness judges the attachment of a record.
func (h *Host) Liveness(ctx context.Context, a state.Attachment) (Liveness, error) {
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
	there, err := h.Links.LinkExists(a.HostLink, a.Owner.Mark())
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
	for _, a := range list {
		ok, err := h.ReclaimOne(ctx, a)
		if err != nil {
			failed = append(failed, err)
		} else if ok {
			h.logReclaimed(ctx, a.Owner)
			released = append(released, a.Owner)
		}
	}
	return released, errors.Join(failed...)
}

// ReclaimOne releases an attachment if it is dead and reports whether it was.
func (h *Host) ReclaimOne(ctx context.Context, a state.Attachment) (bool, error) {
	if !h.dead(ctx, &a) {
		return false, nil
	}
	return h.releaseDead(ctx, a.Owner)
}

// ReclaimHolder releases the attachment of owner if it is dead, and reports whether what
// it held is free now: it also is if owner has no record at all.
func (h *Host) ReclaimHolder(ctx context.Context, owner attachment.Owner) (bool, error) {
	record, known, err := h.record(ctx, owner)
	if err != nil || known && !h.dead(ctx, &record) {
		return false, err
	}
	released, err := h.releaseDead(ctx, owner)
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
	life, err := h.Liveness(ctx, *a)
	if err != nil {
		h.Log.WarnContext(ctx, "cannot tell whether an attachment is alive, keeping it", "owner", a.Owner.String(), "err", err)
	}
	return life == Dead
}

// releaseDead releases an owner that was found dead. It judges once more what the book says when
// nobody else is at the owner: a container may have been started again under the same name.
// Another call for the owner is not waited for, since that may be waiting for the caller.
func (h *Host) releaseDead(ctx context.Context, owner attachment.Owner) (bool, error) {
	unlock, ok, err := h.Store.TryLockOwner(owner)
	if err != nil || !ok {
		return false, err
	}
	defer unlock()
	record, known, err := h.record(ctx, owner)
	if err != nil || known && !h.dead(ctx, &record) {
		return false, err
	}
	if err := h.Release(ctx, owner); err != nil {
		return false, fmt.Errorf("reclaim: %w", err)
	}
	return true, nil
}

// Attachments lists the records of a network, or of all if network is empty.
func (h *Host) Attachments(ctx context.Context, network string) (list []state.Attachment, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		list, err = tx.Attachments(network)
		return err
	})
	return list, err
}
