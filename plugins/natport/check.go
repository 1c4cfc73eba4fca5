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
	var expected *nat.Expected
	record := &state.Attachment{Owner: r.Owner}
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		if plan, err = chosenPlan(tx, plan, cfg, &r, func(nat.Port) bool { return false }); err != nil {
			return err
		}
		if plan, err = notElsewhere(tx, plan, r.Owner, ns); err != nil {
			return err
		}
		if known, is, err := tx.Attachment(r.Owner); err != nil {
			return err
		} else if is {
			record = known
		}
		expected, err = nat.Expect(tx, r.Owner, nat.PartNatport, &plan.Translations)
		return err
	})
	if err != nil {
		return natError(err)
	}
	err = h.NAT.Verify(ctx, expected)
	if plan.Localhost.IsValid() {
		err = errors.Join(err, h.CheckLocalhost(record))
	}
	if err == nil {
		return nil
	}
	return &cni.Error{Code: cni.CodeDrift, Message: err.Error(), Cause: err,
		Details: "\"vethbridge repair\" restores what is missing"}
}
