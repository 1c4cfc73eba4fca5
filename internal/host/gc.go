package host

import (
	"context"
	"errors"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// CollectGarbage releases every attachment of the network that is not valid, whether the
// book knows it or only the kernel's marks do. What was attached after the call began is
// not touched, since the list of valid ones can't name it.
func (h *Host) CollectGarbage(ctx context.Context, network string, valid []attachment.Owner) error {
	return errors.Join(h.collect(ctx, network, valid, h.release), h.sweep(ctx))
}

// CollectPorts is CollectGarbage for what natport gave, and leaves the rest.
func (h *Host) CollectPorts(ctx context.Context, network string, valid []attachment.Owner) error {
	return h.collect(ctx, network, valid, h.releasePorts)
}

func (h *Host) collect(ctx context.Context, network string, valid []attachment.Owner, release releaser) error {
	stale, err := h.candidates(ctx, network)
	if err != nil {
		return err
	}
	var failed []error
	for owner, created := range stale {
		if slices.Contains(valid, owner) {
			continue
		}
		if err := h.collectOne(ctx, owner, created, release); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// collectOne releases an owner, unless it has been attached anew since its record was created at
// the given time; 0 if it had none.
func (h *Host) collectOne(ctx context.Context, owner attachment.Owner, created int64, release releaser) error {
	return h.Exclusively(ctx, owner, func() error {
		record, known, err := h.record(ctx, owner)
		if err != nil || known && record.Created != created {
			return err
		}
		if err := h.releaseMarked(ctx, owner, release); err != nil {
			return err
		}
		h.Log.InfoContext(ctx, "released an attachment that is not valid", "owner", owner.String())
		return nil
	})
}

// candidates are all owners on the network that there are at this moment, with the time at which
// their records were created; 0 for those that only the kernel's marks name.
func (h *Host) candidates(ctx context.Context, network string) (map[attachment.Owner]int64, error) {
	recorded, err := h.Attachments(ctx, network)
	if err != nil {
		return nil, err
	}
	owners, err := h.markedOwners(ctx, network)
	if err != nil {
		return nil, err
	}
	candidates := map[attachment.Owner]int64{}
	for _, owner := range owners {
		candidates[owner] = 0
	}
	for _, a := range recorded {
		candidates[a.Owner] = a.Created
	}
	return candidates, nil
}

// markedOwners lists the owners on the network that links or rules name and the book does
// not. The book is read after the kernel: a link appears only after its record.
func (h *Host) markedOwners(ctx context.Context, network string) ([]attachment.Owner, error) {
	marks, err := h.marks(ctx)
	if err != nil {
		return nil, err
	}
	var owners []attachment.Owner
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		for _, mark := range marks {
			owner, ok := attachment.ParseMark(mark)
			if !ok || owner.Network != network {
				continue
			}
			if _, known, err := tx.Attachment(owner); err != nil {
				return err
			} else if !known {
				owners = append(owners, owner)
			}
		}
		return nil
	})
	return owners, err
}

func (h *Host) marks(ctx context.Context) ([]string, error) {
	marked, err := h.Links.MarkedLinks(attachment.MarkPrefix)
	if err != nil {
		return nil, err
	}
	var marks []string
	for _, l := range marked {
		marks = append(marks, l.Mark)
	}
	rules, err := h.NAT.Marks(ctx)
	if err != nil {
		return nil, err
	}
	ports, err := h.Fence.Marks()
	return slices.Concat(marks, rules, ports), err
}

// sweep is for a host without any attachment in the book: nothing of ours belongs in the kernel's
// tables then, not even what no mark gives to an owner.
func (h *Host) sweep(ctx context.Context) error {
	left, err := h.Attachments(ctx, "")
	if err != nil || len(left) > 0 {
		return err
	}
	// A port that a rebuilt book does not know, since its mark was too long to be read back.
	if ports, err := h.markedPorts(); err != nil || len(ports) > 0 {
		return err
	}
	_, rules := h.NAT.Repair(ctx)
	_, fences := h.Fence.Repair(ctx)
	return errors.Join(rules, fences)
}
