package nattest

import (
	"testing"

	"vethbridge/pkg/nat"
)

func TestFakeKeepsTheContract(t *testing.T) {
	Contract(t, nat.Nftables, func(*testing.T) nat.Backend { return &Fake{} })
}
