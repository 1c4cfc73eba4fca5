package main

import (
	"context"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// status tells whether an ADD could succeed now: the config is valid, the state can be
// written, and the kernel can translate.
func status(ctx context.Context, r cni.Request) error {
	cfg, err := decodeConfig(&r)
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
	if err := h.BackendUsable(ctx, cfg.Backend); err != nil {
		return cni.NotAvailable(err)
	}
	if err := h.Heal(ctx); err != nil {
		return cni.NotAvailable(err)
	}
	return nil
}
