package host

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"vethbridge/internal/links"
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

// Forwarding4 and Forwarding6 are the objects that stand for the host's forwarding.
var (
	Forwarding4 = shared.Object{Kind: shared.Forwarding, Name: "IPv4"}
	Forwarding6 = shared.Object{Kind: shared.Forwarding, Name: "IPv6"}
)

// The sysctls that make the host forward (Documentation/networking/ip-sysctl.rst).
var (
	forward4 = sysctlValue{"net/ipv4/ip_forward", "1"}
	forward6 = sysctlValue{"net/ipv6/conf/all/forwarding", "1"}
)

// Objects lists what stands for the families' forwarding.
func (f Families) Objects() []shared.Object {
	var list []shared.Object
	if f.V4 {
		list = append(list, Forwarding4)
	}
	if f.V6 {
		list = append(list, Forwarding6)
	}
	return list
}

// EnableForwarding makes the host forward packets of the families. Without IPv6 on the host that
// may be a *links.IPv6OffError.
func (h *Host) EnableForwarding(ctx context.Context, f Families) error {
	err := h.enableForwarding(ctx, f)
	if sysctl.IsMissing(err) {
		return &links.IPv6OffError{What: "forward IPv6 on this host"}
	}
	return err
}

func (h *Host) enableForwarding(ctx context.Context, f Families) error {
	if on, err := h.allSet(f.sysctls()); err != nil || on {
		return err
	}
	return h.locked(ctx, func() error {
		if f.V4 {
			if err := h.change(ctx, Forwarding4, forward4); err != nil {
				return err
			}
		}
		if !f.V6 {
			return nil
		}
		keep, err := h.keepDefaultRoute()
		if err != nil {
			return err
		}
		return h.change(ctx, Forwarding6, append(keep, forward6)...)
	})
}

// keepDefaultRoute are the sysctls without which the host would lose an IPv6 default route
// that it has from router advertisements as soon as it forwards: accept_ra=2 keeps it.
func (h *Host) keepDefaultRoute() ([]sysctlValue, error) {
	devices, err := h.Links.RouterAdvertisementDevices()
	var list []sysctlValue
	for _, device := range devices {
		list = append(list, sysctlValue{"net/ipv6/conf/" + device + "/accept_ra", "2"})
	}
	return list, err
}

// CheckForwarding names the family that is not forwarded.
func (h *Host) CheckForwarding(f Families) error {
	var missing []error
	for _, s := range f.sysctls() {
		if on, err := h.isSet(s); err == nil && on {
			continue
		}
		if now, err := sysctl.Get(s.key); err != nil || now != s.value {
			missing = append(missing, errors.Join(fmt.Errorf("check forwarding: %s is %q, want %q", s.key, now, s.value), err))
		}
	}
	return errors.Join(missing...)
}

func (f Families) sysctls() []sysctlValue {
	var list []sysctlValue
	if f.V4 {
		list = append(list, forward4)
	}
	if f.V6 {
		list = append(list, forward6)
	}
	return list
}

func (h *Host) allSet(list []sysctlValue) (bool, error) {
	for _, s := range list {
		if on, err := h.isSet(s); err != nil || !on {
			return false, err
		}
	}
	return true, nil
}

func (h *Host) isSet(s sysctlValue) (bool, error) {
	if s == forward4 || s == forward6 {
		if on, err := h.Links.Forwards(s == forward6); err == nil {
			return on, nil
		}
	}
	now, err := sysctl.Get(s.key)
	return now == s.value, err
}

// restoreSettings puts the sysctls that were changed for o back to what they were. The
// caller holds the kernel lock and o has no other user. One whose
// device is gone needs nothing.
func (h *Host) restoreSettings(ctx context.Context, o shared.Object) error {
	var list []shared.Setting
	err := h.Store.View(ctx, func(tx *state.Tx) (err error) {
		list, err = o.Settings(tx)
		h.AvoidCrowd(tx)
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
