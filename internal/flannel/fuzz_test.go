package flannel

import (
	"slices"
	"testing"
)

// FuzzAcceptedFilesHoldTheirSubnets wants what is accepted to be usable as it is.
func FuzzAcceptedFilesHoldTheirSubnets(f *testing.F) {
	const rest = "\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n"
	f.Add("FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.7.1/24" + rest)
	f.Add("FLANNEL_IPV6_NETWORK=fd44::/48\nFLANNEL_IPV6_SUBNET=\"fd44:0:0:7::1/64\"" + rest)
	f.Add("FLANNEL_IPV6_NETWORK=::/8\nFLANNEL_IPV6_SUBNET=::ffff:10.0.0.1/120" + rest)
	f.Add("FLANNEL_NETWORK=0.0.0.0/0\nFLANNEL_SUBNET=::ffff:10.0.0.1/120" + rest)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text)
		if err != nil {
			return
		}
		if len(s.Own) == 0 || len(s.Own) != len(s.Networks) || s.MTU < minMTU || s.MTU > maxMTU || len(s.Ranges()) == 0 {
			t.Fatalf("%q is accepted as %+v", text, s)
		}
		for i, own := range s.Own {
			if n := s.Networks[i]; !n.Contains(own.Addr()) || n.Bits() > own.Bits() || n != n.Masked() || own.Addr().Is4In6() || slices.Contains(s.Own[:i], own) {
				t.Fatalf("%q is accepted as %+v", text, s)
			}
		}
	})
}
