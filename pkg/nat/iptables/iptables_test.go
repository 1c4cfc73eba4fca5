package iptables

import (
	"testing"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

func TestIptablesKeepsTheContract(t *testing.T) {
	for _, v := range []Variant{NFT, Legacy} {
		t.Run(v.String(), func(t *testing.T) {
			nattest.Contract(t, func(t *testing.T) nat.Backend {
				netnstest.Inside(t)
				return New(v)
			})
		})
	}
}
