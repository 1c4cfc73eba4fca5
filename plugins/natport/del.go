package main

import (
	"context"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// del takes away what the owner got from natport. It needs no namespace, no prevResult
// and no portMappings, and of the config only where the state is.
func del(ctx context.Context, r cni.Request) error {
	h, err := host.OpenWithBook(ctx, r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	return natError(h.Exclusively(ctx, r.Owner, func() error { return h.ReleasePorts(ctx, r.Owner) }))
}
