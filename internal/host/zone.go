package host

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vethbridge/internal/firewalld"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

// Zoned is the object that stands for a bridge's place in a zone of firewalld. Its setting is the
// zone, and the one that the bridge was in before.
func Zoned(bridge string) shared.Object {
	return shared.Object{Kind: shared.Zoned, Name: bridge}
}

// ZoneTakenError says that another network has a bridge in another zone of firewalld.
type ZoneTakenError struct {
	Bridge, Zone string // what was asked for
	Held         string // the zone that it is in
}

func (e *ZoneTakenError) Error() string {
	return fmt.Sprintf("put link %s into zone %s of firewalld: another network has it in zone %s", e.Bridge, e.Zone, e.Held)
}

// AssignZone puts a bridge into a zone of firewalld. One that another network has in another zone is a
// *ZoneTakenError. The book says already that an attachment uses this. Where firewalld does not run there is nothing to do until it does, see RepairZones.
func (h *Host) AssignZone(ctx context.Context, bridge, zone string) error {
	o := Zoned(bridge)
	return h.locked(ctx, func() error {
		known, err := h.zoneOf(ctx, bridge)
		if err != nil {
			return err
		}
		if known.Key != "" && known.Key != zone {
			return &ZoneTakenError{bridge, zone, known.Key}
		}
		now, err := firewalld.ZoneOf(ctx, bridge)
		if err != nil && !errors.Is(err, firewalld.ErrNotRunning) {
			return err
		}
		if err != nil {
			h.Log.InfoContext(ctx, "the bridge will be in its zone of firewalld once that runs and the repair unit is started", "bridge", bridge, "zone", zone)
		}
		if err := h.remember(ctx, o, []shared.Setting{{Key: zone, Previous: now}}); err != nil || now == zone || errors.Is(err, firewalld.ErrNotRunning) {
			return err
		}
		return ignoreNotRunning(firewalld.Assign(ctx, bridge, zone))
	})
}

func ignoreNotRunning(err error) error {
	if errors.Is(err, firewalld.ErrNotRunning) {
		return nil
	}
	return err
}

// zoneOf returns what the book says of a bridge's zone.
func (h *Host) zoneOf(ctx context.Context, bridge string) (zone shared.Setting, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		list, err := Zoned(bridge).Settings(tx)
		if len(list) > 0 {
			zone = list[0]
		}
		return err
	})
	return zone, err
}

// CheckZone wants a bridge to be in its zone, if firewalld runs.
func (h *Host) CheckZone(ctx context.Context, bridge, zone string) error {
	now, err := firewalld.ZoneOf(ctx, bridge)
	if err != nil {
		return ignoreNotRunning(err)
	}
	if now != zone {
		return fmt.Errorf("check zone: link %s is in zone %q of firewalld, want %q", bridge, now, zone)
	}
	return nil
}

// leaveZone puts a bridge back where it was. A firewalld that can't be asked, or that somebody
// else has told otherwise, is no reason for a DEL to fail. The caller holds the kernel lock.
func (h *Host) leaveZone(ctx context.Context, bridge string) error {
	zone, err := h.zoneOf(ctx, bridge)
	if err != nil || zone.Key == "" {
		return err
	}
	if err := moveBack(ctx, bridge, zone); ignoreNotRunning(err) != nil {
		h.Log.WarnContext(ctx, "a bridge stays in its zone of firewalld", "bridge", bridge, "zone", zone.Key, "err", err)
	}
	return h.Store.Update(ctx, Zoned(bridge).Forget)
}

func moveBack(ctx context.Context, bridge string, zone shared.Setting) error {
	now, err := firewalld.ZoneOf(ctx, bridge)
	switch {
	case err != nil, now != zone.Key, zone.Previous == zone.Key:
		return err
	case zone.Previous != "":
		return firewalld.Assign(ctx, bridge, zone.Previous)
	}
	return firewalld.Withdraw(ctx, bridge, zone.Key)
}

// zoned reports whether firewalld has a zone for a bridge.
func zoned(ctx context.Context, bridge string) bool {
	zone, err := firewalld.ZoneOf(ctx, bridge)
	return err == nil && zone != ""
}

// bridgesInUse lists the devices that carry the gateways of attachments, each once.
func (h *Host) bridgesInUse(ctx context.Context) ([]string, error) {
	list, err := h.Attachments(ctx, "")
	var bridges []string
	for _, a := range list {
		if bridge := a.Gateway(); bridge != "" && !slices.Contains(bridges, bridge) {
			bridges = append(bridges, bridge)
		}
	}
	return bridges, err
}

// Misplaced lists the bridges that are not in their zone of firewalld, which a reload forgets.
func (h *Host) Misplaced(ctx context.Context) (zones map[string]string, err error) {
	bridges, err := h.bridgesInUse(ctx)
	if err != nil {
		return nil, err
	}
	zones = map[string]string{}
	for _, bridge := range bridges {
		zone, err := h.zoneOf(ctx, bridge)
		if err != nil {
			return zones, err
		}
		if zone.Key != "" && h.CheckZone(ctx, bridge, zone.Key) != nil {
			zones[bridge] = zone.Key
		}
	}
	return zones, nil
}

// RepairZones puts bridges back into their zones, and reports whether there were any.
func (h *Host) RepairZones(ctx context.Context) (changed bool, err error) {
	zones, err := h.Misplaced(ctx)
	failed := []error{err}
	for bridge, zone := range zones {
		failed = append(failed, firewalld.Assign(ctx, bridge, zone))
	}
	return len(zones) > 0, errors.Join(failed...)
}
