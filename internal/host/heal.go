package host

import (
	"context"
	"errors"
)

// Heal restores what nftables has lost as a whole, as by "nft flush ruleset", since without it route_localnet lets containers
// reach what listens on 127.0.0.1 only. An ADD does so by itself for what it has a part in.
func (h *Host) Heal(ctx context.Context) error {
	translations, err := h.NAT.Heal(ctx)
	fences, failed := h.Fence.Heal(ctx)
	if translations || fences {
		h.Log.WarnContext(ctx, "our rules were gone, and are restored", "translations", translations, "fences", fences)
	}
	return errors.Join(err, failed)
}
