package state_test

import (
	"slices"
	"strings"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

// TestTheOwnersOfANetworkAreKnownWhateverTheirNames: a long name stands in the key by its hash.
func TestTheOwnersOfANetworkAreKnownWhateverTheirNames(t *testing.T) {
	s := statetest.Open(t)
	demo := []attachment.Owner{web, {Network: web.Network, ContainerID: strings.Repeat("x", 300), IfName: "eth0"}}
	other := attachment.Owner{Network: web.Network + "2", ContainerID: "c", IfName: "eth0"}
	for _, owner := range append(slices.Clone(demo), other) {
		put(t, s, state.Attachment{Owner: owner})
	}
	for network, want := range map[string][]attachment.Owner{web.Network: demo, other.Network: {other}, "none": nil, "": append(demo, other)} {
		var got []attachment.Owner
		err := s.View(t.Context(), func(tx *state.Tx) error {
			return tx.EachOwner(network, func(o attachment.Owner) error {
				got = append(got, o)
				return nil
			})
		})
		for _, o := range want {
			if !slices.Contains(got, o) {
				t.Errorf("network %q lacks %.40s", network, o)
			}
		}
		if err != nil || len(got) != len(want) {
			t.Errorf("network %q: %d owners, want %d; %v", network, len(got), len(want), err)
		}
	}
}
