package main

import (
	"context"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// gc takes away the translations of every attachment of the network that the runtime
// does not name as valid.
func gc(ctx context.Context, r cni.Request) error {
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	if err := h.Begin(ctx); err != nil {
		return cni.StateError(err)
	}
	return natError(h.CollectPorts(ctx, r.Owner.Network, r.Valid))
}
