package nattest

import (
	"testing"

	"vethbridge/pkg/nat"
)

func TestFakeKeepsTheContract(t *testing.T) {
	Contract(t, func(*testing.T) nat.Backend { return &Fake{} })
}
