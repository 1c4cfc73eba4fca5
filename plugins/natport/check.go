package main

import (
	"context"
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/netns"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

// check compares the planned translations with the book and with the kernel, and names
// all that differs.
func check(ctx context.Context, r cni.Request) error {
	cfg, err := decodeConfig(&r)
	if err != nil {
		return err
	}
	if r.Previous == nil {
		return errNoPrevious
	}
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	if cfg.StrictHostIP {
		if cfg, err = cfg.resolved(h); err != nil {
			return natError(err)
		}
	}
	plan, err := newPlan(cfg, &r)
	if err != nil {
		return err
	}
	ns, err := netns.Identify(r.Netns)
	if err != nil {
		return cni.NetnsError(err)
	}
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		if plan, err = chosenPlan(tx, plan, cfg, &r, func(nat.Port) bool { return false }); err != nil {
			return err
		}
		plan, err = notElsewhere(tx, plan, r.Owner, ns)
		return err
	})
	if err != nil {
		return natError(err)
	}
	err = errors.Join(
		h.NAT.Check(ctx, r.Owner, nat.PartNatport, plan.Translations),
		h.CheckLocalhost(ctx, r.Owner, plan.Localhost.IsValid()),
	)
	if err == nil {
		return nil
	}
	return &cni.Error{Code: cni.CodeDrift, Message: err.Error(), Cause: err,
		Details: "\"vethbridge repair\" restores what is missing"}
}
