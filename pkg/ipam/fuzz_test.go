package ipam_test

import (
	"errors"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// FuzzDecodeConfig decodes any text. What is wrong with it is told in a typed error; what
// is right gives an address from each set that lies in one of its subnets and is no gateway.
func FuzzDecodeConfig(f *testing.F) {
	f.Add([]byte(`{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.12", "gateway": "none"}`), []byte(nil))
	f.Add([]byte(`{"ranges": [[{"subnet": "10.1.0.0/31"}], [{"subnet": "2001:db8::/64"}]], "routes": [{"dst": "::/0", "mtu": 9}]}`), []byte(`[]`))
	f.Add([]byte(`{"exclude": ["10.1.0.0/25", "10.1.0.200"]}`), []byte(`[[{"subnet": "10.1.0.0/24", "exclude": ["10.1.0.129"]}]]`))
	store, err := state.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, config, ipRanges []byte) {
		c, err := ipam.DecodeConfig(config, ipRanges)
		var typed *ipam.ConfigError
		if err != nil {
			if !errors.As(err, &typed) || typed.Key == "" || typed.Reason == "" {
				t.Errorf("error %#v", err)
			}
			return
		}
		leases, err := allocate(t, store, ipam.Request{Owner: owner(1), Sets: c.Sets})
		if err != nil || len(leases) != len(c.Sets) {
			t.Fatalf("sets %v: %v, %v", c.Sets, leases, err)
		}
		for i, l := range leases {
			inside := false
			for _, r := range c.Sets[i] {
				inside = inside || r.Subnet == l.Address.Masked()
			}
			if !inside || l.Address.Addr() == l.Gateway {
				t.Errorf("set %v gave %v", c.Sets[i], l)
			}
		}
		release(t, store, owner(1))
	})
}
