package main

import (
	"context"
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// gc releases every attachment of the network that the runtime does not name as valid.
func gc(ctx context.Context, r cni.Request) error {
	h, err := host.OpenWithBook(ctx, r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	err = errors.Join(h.CollectGarbage(ctx, r.Owner.Network, r.Valid), removeBridge(ctx, h, &r))
	if plugin, ok := delegatedIPAM(&r); ok {
		err = errors.Join(err, plugin.GC(ctx, r))
	}
	return cniError(err)
}
