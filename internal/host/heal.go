package host

import (
	"context"
	"errors"

	"vethbridge/pkg/nat"
)

// Heal restores what nftables has lost as a whole, as by "nft flush ruleset", since without it route_localnet lets containers
// reach what listens on 127.0.0.1 only. A kernel without nftables has lost nothing.
func (h *Host) Heal(ctx context.Context) error {
	if h.NAT.Backends[nat.Nftables].Usable(ctx) != nil {
		return nil
	}
	lost, err := h.Fence.Heal(ctx)
	h.warnOfLoss(ctx, "guard and walls", lost)
	return errors.Join(h.HealTranslations(ctx), err)
}

// HealTranslations restores the translations, for an ADD that changes none of nftables, which the kernel has.
func (h *Host) HealTranslations(ctx context.Context) error {
	lost, err := h.NAT.Heal(ctx)
	h.warnOfLoss(ctx, "translations", lost)
	return err
}

func (h *Host) warnOfLoss(ctx context.Context, what string, lost bool) {
	if lost {
		h.Log.WarnContext(ctx, "our rules were gone, and are restored", "rules", what)
	}
}
