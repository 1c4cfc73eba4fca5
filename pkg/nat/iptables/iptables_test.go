package iptables

import (
	"testing"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

func TestIptablesKeepsTheContract(t *testing.T) {
	for v, kind := range map[Variant]nat.Kind{NFT: nat.IptablesNFT, Legacy: nat.IptablesLegacy} {
		t.Run(v.String(), func(t *testing.T) {
			nattest.Contract(t, kind, func(t *testing.T) nat.Backend {
				netnstest.Inside(t)
				return New(v)
			})
		})
	}
}
