package host

import (
	"context"
	"errors"
	"fmt"

	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

// routeLocalnet is the sysctl that lets packets from 127.0.0.0/8 leave by a device and
// answers come back by it (Documentation/networking/ip-sysctl.rst). It also lets the other
// end address 127.0.0.0/8, so it is only ever set behind the guard that drops that.
func routeLocalnet(device string) string {
	return "net/ipv4/conf/" + device + "/route_localnet"
}

// AllowLocalhost lets the ports published by an attachment behind device be reached from
// the host's 127.0.0.1. The book says already that the attachment uses this, and the
// caller has the guard in place.
func (h *Host) AllowLocalhost(ctx context.Context, device string) error {
	return h.locked(ctx, func() error {
		if h.allowsLocalhost(device) {
			return nil
		}
		return h.change(ctx, Localhost(device), sysctlValue{routeLocalnet(device), "1"})
	})
}

func (h *Host) allowsLocalhost(device string) bool {
	on, err := h.Links.RouteLocalnet(device)
	return err == nil && on
}

// Localhost is the object that stands for route_localnet of a device.
func Localhost(device string) shared.Object {
	return shared.Object{Kind: shared.RouteLocalnet, Name: device}
}

// CheckLocalhost compares route_localnet with the record of an attachment whose plan wants localhost.
func (h *Host) CheckLocalhost(record *state.Attachment) error {
	if record.LocalhostVia == "" {
		return fmt.Errorf("check localhost: %s has no record of it", record.Owner)
	}
	if h.allowsLocalhost(record.LocalhostVia) {
		return nil
	}
	key := routeLocalnet(record.LocalhostVia)
	if now, err := sysctl.Get(key); err != nil || now != "1" {
		return errors.Join(fmt.Errorf("check localhost: %s is %q, want \"1\"", key, now), err)
	}
	return nil
}

// sysctlValue is what a sysctl shall be.
type sysctlValue struct {
	key, value string
}

// change sets sysctls for o. How they were is in the book before the first is written, so
// that a kill in between loses nothing. The caller holds the kernel lock.
func (h *Host) change(ctx context.Context, o shared.Object, wanted ...sysctlValue) error {
	var before []shared.Setting
	var differ []sysctlValue
	for _, w := range wanted {
		now, err := sysctl.Get(w.key)
		if err != nil {
			return err
		}
		if now != w.value {
			before = append(before, shared.Setting{Key: w.key, Previous: now})
			differ = append(differ, w)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	if err := h.remember(ctx, o, before); err != nil {
		return err
	}
	for _, w := range differ {
		if _, _, err := sysctl.Ensure(w.key, w.value); err != nil {
			return err
		}
	}
	return nil
}
