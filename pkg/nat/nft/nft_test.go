package nft

import (
	"testing"

	"vethbridge/internal/netfilter"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

func TestNftablesKeepsTheContract(t *testing.T) {
	nattest.Contract(t, func(t *testing.T) nat.Backend {
		netnstest.Inside(t)
		conn := &netfilter.Conn{}
		b := New(conn)
		t.Cleanup(func() { _ = conn.Close() })
		return b
	})
}
