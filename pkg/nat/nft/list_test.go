package nft

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/nftables"

	"vethbridge/pkg/nat"
)

// TestNetworksBesideEachOtherAreReadApart: where one ends, the kernel has the beginning of the next under the same key, in any order.
func TestNetworksBesideEachOtherAreReadApart(t *testing.T) {
	var want []nat.Network
	var elements []nftables.SetElement
	for _, p := range []string{"10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/23", "255.255.255.0/24"} {
		n := nat.Network{Prefix: netip.MustParsePrefix(p), Treatment: nat.Masquerade}
		want, elements = append(want, n), append(elements, networkElements(&n)...)
	}
	for range elements {
		elements = append(elements[1:], elements[0])
		if got := networks(nat.Masquerade, slices.Clone(elements)); !slices.Equal(got, want) {
			t.Errorf("of %v: %v, want %v", elements, got, want)
		}
	}
}
