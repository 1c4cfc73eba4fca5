package nft

import (
	"testing"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

func TestNftablesKeepsTheContract(t *testing.T) {
	nattest.Contract(t, func(t *testing.T) nat.Backend {
		netnstest.Inside(t)
		b := Open()
		t.Cleanup(func() { _ = b.Close() })
		return b
	})
}
