package main

import (
	"context"
	"encoding/json"
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
)

// del releases all that the owner has. It needs no namespace, no prevResult, and of the
// config only where the state is and whether a plugin gave the addresses.
func del(ctx context.Context, r cni.Request) error {
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	err = h.Release(ctx, r.Owner)
	if plugin, ok := delegatedIPAM(r); ok {
		err = errors.Join(err, plugin.Del(ctx, r))
	}
	return cniError(err)
}

// delegatedIPAM returns the IPAM plugin that the config names, if it can be read.
func delegatedIPAM(r cni.Request) (cni.IPAM, bool) {
	var raw struct {
		IPAM json.RawMessage `json:"ipam"`
	}
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(r.Config, &raw) != nil || json.Unmarshal(raw.IPAM, &head) != nil {
		return cni.IPAM{}, false
	}
	return cni.IPAM{Type: head.Type}, head.Type != ""
}
