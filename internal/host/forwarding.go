package host

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

// Families is a set of address families.
type Families struct {
	V4, V6 bool
}

// With returns the set with addr's family in it.
func (f Families) With(addr netip.Addr) Families {
	return Families{V4: f.V4 || addr.Is4(), V6: f.V6 || addr.Is6()}
}

// Empty reports whether no family is in the set.
func (f Families) Empty() bool { return f == Families{} }

// Forwarding is the object that stands for the host's forwarding.
var Forwarding = shared.Object{Kind: shared.Forwarding}

// The sysctls that make the host forward (Documentation/networking/ip-sysctl.rst).
const (
	forward4 = "net/ipv4/ip_forward"
	forward6 = "net/ipv6/conf/all/forwarding"
)

// EnableForwarding makes the host forward packets of the families. An interface whose
// IPv6 default route comes from router advertisements would lose it when forwarding is
// turned on, so those get accept_ra=2 first, which keeps it.
func (h *Host) EnableForwarding(ctx context.Context, f Families) error {
	wanted := f.sysctls()
	if on, err := allSet(wanted); err != nil || on {
		return err
	}
	if f.V6 {
		devices, err := h.Links.RouterAdvertisementDevices()
		if err != nil {
			return err
		}
		for _, device := range devices {
			wanted = append([]sysctlValue{{"net/ipv6/conf/" + device + "/accept_ra", "2"}}, wanted...)
		}
	}
	return h.locked(ctx, func() error { return h.change(ctx, Forwarding, wanted...) })
}

// CheckForwarding names the family that is not forwarded.
func (h *Host) CheckForwarding(f Families) error {
	var missing []error
	for _, s := range f.sysctls() {
		if now, err := sysctl.Get(s.key); err != nil || now != s.value {
			missing = append(missing, errors.Join(fmt.Errorf("check forwarding: %s is %q, want %q", s.key, now, s.value), err))
		}
	}
	return errors.Join(missing...)
}

func (f Families) sysctls() []sysctlValue {
	var list []sysctlValue
	if f.V4 {
		list = append(list, sysctlValue{forward4, "1"})
	}
	if f.V6 {
		list = append(list, sysctlValue{forward6, "1"})
	}
	return list
}

func allSet(list []sysctlValue) (bool, error) {
	for _, s := range list {
		now, err := sysctl.Get(s.key)
		if err != nil || now != s.value {
			return false, err
		}
	}
	return true, nil
}

// restoreSettings puts the sysctls that were changed for o back to what they were. The
// caller holds the kernel lock and o has no other user. One whose
// device is gone needs nothing.
func (h *Host) restoreSettings(ctx context.Context, o shared.Object) error {
	var list []shared.Setting
	err := h.Store.View(ctx, func(tx *state.Tx) (err error) {
		list, err = o.Settings(tx)
		return err
	})
	if err != nil || len(list) == 0 {
		return err
	}
	var failed []error
	for i := len(list) - 1; i >= 0; i-- {
		if _, _, err := sysctl.Ensure(list[i].Key, list[i].Previous); err != nil && !sysctl.IsMissing(err) {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return h.Store.Update(ctx, o.Forget)
}

// remember records how settings were before they were changed for o.
func (h *Host) remember(ctx context.Context, o shared.Object, list []shared.Setting) error {
	return h.Store.Update(ctx, func(tx *state.Tx) error {
		for _, s := range list {
			if err := o.Remember(tx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// UndoForwarding puts forwarding back unless another attachment uses it.
func (h *Host) UndoForwarding(ctx context.Context, owner attachment.Owner) error {
	return h.locked(ctx, func() error {
		used, err := h.usedByOthers(ctx, Forwarding, owner)
		if err != nil || used {
			return err
		}
		return h.restoreSettings(ctx, Forwarding)
	})
}
