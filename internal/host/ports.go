package host

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// ReleasePorts takes away what natport gave an attachment: its translations and its share
// of localhost. The rest of the record, if another plugin of ours made the link, stays.
// An owner that has nothing is no error.
func (h *Host) ReleasePorts(ctx context.Context, owner attachment.Owner) error {
	return h.releaseKnown(ctx, owner, h.releasePorts)
}

func (h *Host) releasePorts(ctx context.Context, has belongings) error {
	owner := has.owner
	h.removed = true
	if !has.known {
		return h.releaseUnrecorded(ctx, owner)
	}
	if err := h.releaseLocalhost(ctx, has.record); err != nil {
		return err
	}
	if slices.Contains(has.parts, nat.PartNatport) {
		if err := h.releaseTranslations(ctx, &has, nat.PartNatport); err != nil {
			return err
		}
	}
	if has.record.HostLink != "" {
		return nil
	}
	return h.Store.Update(ctx, func(tx *state.Tx) error { return tx.DeleteAttachment(owner) })
}

// releaseLocalhost comes before the translations go: the guard is with them.
func (h *Host) releaseLocalhost(ctx context.Context, record *state.Attachment) error {
	if record.LocalhostVia == "" {
		return nil
	}
	o := Localhost(record.LocalhostVia)
	return h.locked(ctx, func() error {
		return h.leave(ctx, record, []shared.Object{o}, func(tx *state.Tx) error {
			rest, known, err := tx.Attachment(record.Owner)
			if err != nil || !known {
				return err
			}
			if err := shared.Leave(tx, rest, o); err != nil {
				return err
			}
			rest.LocalhostVia = ""
			return tx.PutAttachment(*rest)
		})
	})
}

// ForeignAddressError says that an attachment has other addresses than it is said to have.
type ForeignAddressError struct {
	Address netip.Prefix
	Owner   attachment.Owner
	Leases  []netip.Prefix
}

func (e *ForeignAddressError) Error() string {
	return fmt.Sprintf("address %s is not one that %s has (%v)", e.Address, e.Owner, e.Leases)
}

// CheckAddresses refuses addresses that the owner has no lease of, if it has any: traffic must not
// be led to somebody else.
func CheckAddresses(tx *state.Tx, owner attachment.Owner, addresses []netip.Prefix) error {
	leases, err := ipam.Leases(tx, owner)
	if err != nil || len(leases) == 0 {
		return err
	}
	var own []netip.Prefix
	for _, l := range leases {
		own = append(own, l.Address)
	}
	for _, a := range addresses {
		if !slices.ContainsFunc(own, func(p netip.Prefix) bool { return p.Addr() == a.Addr() }) {
			return &ForeignAddressError{a, owner, own}
		}
	}
	return nil
}
