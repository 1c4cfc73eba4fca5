package ipam_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

func owner(n int) attachment.Owner {
	return attachment.Owner{Network: "demo", ContainerID: fmt.Sprintf("c%05d", n), IfName: "eth0"}
}

func decode(t testing.TB, text string) ipam.Config {
	t.Helper()
	c, err := ipam.DecodeConfig(json.RawMessage(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func update(t testing.TB, s *state.Store, fn func(*state.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// allocate runs one Allocate, whose error is returned, in a transaction that ends well.
func allocate(t testing.TB, s *state.Store, r ipam.Request) (leases []ipam.Lease, err error) {
	t.Helper()
	update(t, s, func(tx *state.Tx) error {
		leases, err = ipam.Allocate(tx, r)
		return nil
	})
	return leases, err
}

// mustAllocate returns the addresses that an owner gets.
func mustAllocate(t testing.TB, s *state.Store, r ipam.Request) []netip.Addr {
	t.Helper()
	leases, err := allocate(t, s, r)
	if err != nil {
		t.Fatal(err)
	}
	var list []netip.Addr
	for _, l := range leases {
		list = append(list, l.Address.Addr())
	}
	return list
}

func release(t testing.TB, s *state.Store, o attachment.Owner) {
	t.Helper()
	update(t, s, func(tx *state.Tx) error { return ipam.Release(tx, o) })
}

// addresses lists by trial what a small range set can give, in ascending order.
func addresses(t testing.TB, set ipam.RangeSet) []netip.Addr {
	t.Helper()
	var list []netip.Addr
	for _, r := range set {
		for a := r.First; a.IsValid() && !r.Last.Less(a); a = a.Next() {
			excluded := a == r.Gateway || r.Subnet.Bits() < a.BitLen()-1 && a == r.Subnet.Addr()
			for _, p := range r.Exclude {
				excluded = excluded || p.Contains(a)
			}
			if a.Is4() && r.Subnet.Bits() < 31 && !r.Subnet.Contains(a.Next()) {
				excluded = true
			}
			if !excluded {
				list = append(list, a)
			}
		}
	}
	return list
}
