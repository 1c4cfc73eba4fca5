package main

import (
	"context"
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// status tells whether an ADD could succeed now: the config is valid, the state can be
// written, the kernel has what the config asks for, the bridge has a free port and every range
// has a free address.
func status(ctx context.Context, r cni.Request) error {
	cfg, err := decodeConfig(&r)
	var passing *cni.Error
	if errors.As(err, &passing) && passing.Code == cni.CodeTryAgain {
		return cni.NotAvailable(err)
	}
	if err != nil {
		return err
	}
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.NotAvailable(cni.StateError(err))
	}
	defer h.Close()
	if err := h.Store.Writable(ctx); err != nil {
		return cni.NotAvailable(err)
	}
	if err := h.BackendUsable(ctx, masquerade.Nftables); err != nil { // of guard and walls, in any case
		return cni.NotAvailable(cniError(err))
	}
	if err := h.Heal(ctx); err != nil {
		return cni.NotAvailable(err)
	}
	if err := usable(ctx, h, &cfg); err != nil {
		return cni.NotAvailable(cniError(err))
	}
	if cfg.IsGateway {
		h.WarnOfDrops(ctx)
	}
	if err := freePorts(ctx, h, cfg.Bridge); err != nil {
		return err
	}
	switch cfg.IPAM.Kind {
	case IPAMDelegated:
		return cfg.IPAM.Plugin.Status(ctx, r)
	case IPAMBuiltIn:
		return freeAddresses(ctx, h, &cfg, r.Owner.Network)
	}
	return nil
}

// usable names what of the config the kernel, or what others have made, stands against.
func usable(ctx context.Context, h *host.Host, cfg *Config) error {
	if cfg.Leave.Masquerade && cfg.Backend == masquerade.Iptables {
		if err := h.BackendUsable(ctx, cfg.Backend); err != nil {
			return err
		}
	}
	if cfg.VLAN.Filtering {
		if err := h.Links.RefuseVLANs(cfg.Bridge, host.BridgeMark); err != nil {
			return err
		}
	}
	if cfg.Uplink == "" {
		return nil
	}
	return h.RefuseUplink(host.Uplink{Name: cfg.Uplink, Bridge: cfg.Bridge, Move: cfg.MoveAddresses, MTU: cfg.MTU})
}

// fewPorts is how many free ports are worth a warning.
const fewPorts = 50

// freePorts fails if the bridge is full, and warns while it still has a few ports: a
// runtime takes any failure for a network that can't be used.
func freePorts(ctx context.Context, h *host.Host, bridge string) error {
	ports, err := h.Links.CountPorts(bridge)
	switch {
	case err != nil:
		return cni.NotAvailable(cniError(err))
	case ports >= links.MaxPorts:
		return cni.NotAvailable(cniError(&links.BridgeFullError{Name: bridge}))
	case ports > links.MaxPorts-fewPorts:
		h.Log.WarnContext(ctx, "the bridge is nearly full", "bridge", bridge, "ports", ports, "limit", links.MaxPorts)
	}
	return nil
}

// freeAddresses fails if a range set is full of living attachments: the dead are
// reclaimed first, as an ADD would.
func freeAddresses(ctx context.Context, h *host.Host, cfg *Config, network string) error {
	full, err := fullSet(ctx, h, cfg, network)
	if err != nil || full == nil {
		return err
	}
	if _, err := h.MakeRoom(ctx, network); err != nil {
		return cni.NotAvailable(err)
	}
	if full, err = fullSet(ctx, h, cfg, network); err != nil || full == nil {
		return err
	}
	return cni.NotAvailable(full)
}

// fullSet returns the first range set without a free address as an error, nil if all have one. What
// is left in each of them is logged.
func fullSet(ctx context.Context, h *host.Host, cfg *Config, network string) (full, err error) {
	var usages []ipam.Usage
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		usages, err = ipam.Usages(tx, network, cfg.IPAM.BuiltIn.Sets)
		return err
	})
	for i, u := range usages {
		h.Log.DebugContext(ctx, "addresses left", "rangeSet", i, "free", u.Free(), "size", u.Size)
		if u.Free() == 0 && full == nil {
			full = &ipam.ExhaustedError{Network: network, Set: i, Size: u.Size, Used: u.Used}
		}
	}
	return full, err
}
