package host

import (
	"context"
	"errors"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// CollectGarbage releases every attachment of the network that is not valid, whether the
// book knows it or only the kernel's marks do. What was attached after the call began is
// not touched, since the list of valid ones can't name it.
func (h *Host) CollectGarbage(ctx context.Context, network string, valid []attachment.Owner) error {
	g := newGarbage(network, valid)
	kept, err := h.collect(ctx, g, "", h.marks, h.release)
	if kept {
		return err
	}
	return errors.Join(err, h.sweep(ctx))
}

// CollectPorts is CollectGarbage for what natport gave, and leaves the rest.
func (h *Host) CollectPorts(ctx context.Context, network string, valid []attachment.Owner) error {
	_, err := h.collect(ctx, newGarbage(network, valid), network, func(ctx context.Context, g *garbage) error {
		return h.NAT.Marks(ctx, g.see)
	}, h.releasePorts)
	return err
}

// garbage is what is not valid of a network.
type garbage struct {
	network string
	valid   map[string]bool // the marks of those that are
	// owners of which the book has records, with the times at which those were created; and 0 for those that only the
	// kernel's marks name.
	owners  map[attachment.Owner]int64
	links   map[string]bool // that the book knows
	kept    bool            // there are records of others
	unknown []attachment.Owner
}

func newGarbage(network string, valid []attachment.Owner) *garbage {
	g := &garbage{network: network, valid: map[string]bool{}, owners: map[attachment.Owner]int64{}, links: map[string]bool{}}
	for _, owner := range valid {
		g.valid[owner.Mark()] = true
	}
	return g
}

// collect goes through the attachments of a network, or of all if among is empty, and reports whether there are others than
// garbage. The book is read first, so that what comes while marks are looked for
// is not taken for garbage, and once more where a mark is of nobody who is known.
func (h *Host) collect(ctx context.Context, g *garbage, among string, marks func(context.Context, *garbage) error, release releaser) (kept bool, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		return tx.EachOwner(among, func(owner attachment.Owner) error { return g.note(tx, owner) })
	})
	if err == nil {
		err = marks(ctx, g)
	}
	if err == nil && len(g.unknown) > 0 {
		err = h.Store.View(ctx, g.noteUnrecorded)
	}
	if err != nil {
		return true, err
	}
	var failed []error
	for owner, created := range g.owners {
		failed = append(failed, h.collectOne(ctx, owner, created, release))
	}
	return g.kept, errors.Join(failed...)
}

// note takes an owner that the book knows.
func (g *garbage) note(tx *state.Tx, owner attachment.Owner) error {
	g.links[owner.HostLink()] = true
	if owner.Network != g.network || g.valid[owner.Mark()] {
		g.kept = true
		return nil
	}
	record, _, err := tx.Attachment(owner)
	g.owners[owner] = record.Created
	return err
}

// see takes a mark in the kernel.
func (g *garbage) see(mark []byte) {
	if g.valid[string(mark)] {
		return
	}
	owner, ok := attachment.ParseMark(string(mark))
	if _, known := g.owners[owner]; ok && !known && owner.Network == g.network {
		g.unknown = append(g.unknown, owner)
	}
}

// noteUnrecorded leaves out those that have come meanwhile: a link appears only after its record.
func (g *garbage) noteUnrecorded(tx *state.Tx) error {
	for _, owner := range g.unknown {
		if _, known, err := tx.Attachment(owner); err != nil {
			return err
		} else if !known {
			g.owners[owner] = 0
		}
	}
	return nil
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

// marks are those of guarded ports, and of links that the book does not know. Those of translations are for natport's GC, which
// comes in each chain that has any.
func (h *Host) marks(_ context.Context, g *garbage) error {
	links, err := h.Links.MarksBut(g.links)
	if err != nil {
		return err
	}
	for _, mark := range links {
		g.see([]byte(mark))
	}
	return h.Fence.Marks(g.see)
}

// sweep is for a host without any attachment in the book: nothing of ours belongs in the kernel's
// tables then, not even what no mark gives to an owner.
func (h *Host) sweep(ctx context.Context) error {
	left := 0
	err := h.Store.View(ctx, func(tx *state.Tx) error { left = tx.Count(); return nil })
	if err != nil || left > 0 {
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
