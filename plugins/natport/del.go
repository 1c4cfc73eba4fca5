package main

import (
	"context"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// del takes away what the owner got from natport. It needs no namespace, no prevResult
// and no portMappings, and of the config only where the state is.
func del(ctx context.Context, r cni.Request) error {
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	if err := h.Begin(ctx); err != nil {
		return cni.StateError(err)
	}
	return natError(h.ReleasePorts(ctx, r.Owner))
}
