package main

import (
	"context"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// gc takes away the translations of every attachment of the network that the runtime
// does not name as valid.
func gc(ctx context.Context, r cni.Request) error {
	h, err := host.OpenWithBook(ctx, r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	return natError(h.CollectPorts(ctx, r.Owner.Network, r.Valid))
}
