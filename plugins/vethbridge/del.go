package main

import (
	"context"
	"encoding/json"
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/plainjson"
)

// del releases all that the owner has. It needs no namespace, no prevResult, and of the
// config only where the state is and whether a plugin gave the addresses.
func del(ctx context.Context, r cni.Request) error {
	h, err := host.OpenWithBook(ctx, r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	return cniError(h.Exclusively(ctx, r.Owner, func() error { return release(ctx, h, &r) }))
}

func release(ctx context.Context, h *host.Host, r *cni.Request) (err error) {
	// An IPAM plugin such as dhcp says good-bye by the interface, so it comes first.
	if plugin, ok := delegatedIPAM(r); ok {
		attached, unknown := h.Attached(ctx, r.Owner)
		if unknown != nil {
			return unknown
		}
		err = giveBack(ctx, plugin, r, attached)
	}
	return errors.Join(err, h.Release(ctx, r.Owner), removeBridge(ctx, h, r))
}

// giveBack calls the IPAM plugin. One that is not there can't have given anything to an
// owner that was never attached, and is no reason for its DEL to fail.
func giveBack(ctx context.Context, plugin cni.IPAM, r *cni.Request, attached bool) error {
	err := plugin.Del(ctx, *r)
	var invalid *cni.Error
	if !attached && errors.As(err, &invalid) && invalid.Code == cni.CodeConfig {
		r.Log.WarnContext(ctx, "the IPAM plugin was not asked", "err", err)
		return nil
	}
	return err
}

// removeBridge is for a bridge whose users were never in the book, which was lost: Release removes
// the others. A config that can't be read asks for nothing.
func removeBridge(ctx context.Context, h *host.Host, r *cni.Request) error {
	raw := rawConfig{Bridge: defaultBridge}
	if r.Decode(&raw) != nil || !raw.RemoveBridge || !cni.ValidLinkName(raw.Bridge) {
		return nil
	}
	return h.RemoveUnusedBridge(ctx, raw.Bridge)
}

// delegatedIPAM returns the IPAM plugin that the config names, if it can be read.
func delegatedIPAM(r *cni.Request) (cni.IPAM, bool) {
	var raw struct {
		IPAM json.RawMessage `json:"ipam"`
	}
	var head struct {
		Type string `json:"type"`
	}
	if plainjson.Unmarshal(r.Config, &raw) != nil || plainjson.Unmarshal(raw.IPAM, &head) != nil {
		return cni.IPAM{}, false
	}
	return cni.IPAM{Type: head.Type}, head.Type != ""
}
