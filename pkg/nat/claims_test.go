package nat_test

import (
	"errors"
	"net/netip"
	"testing"

	"vethbridge/pkg/nat"
)

// TestAPortOfAnyAddressClashesWithThatOfOne has two owners ask for one port of host addresses, for
// containers of both families.
func TestAPortOfAnyAddressClashesWithThatOfOne(t *testing.T) {
	for _, c := range []struct {
		held, asked string // empty: any address
		taken       bool
	}{
		{"", "", true},
		{"", "192.0.2.1", true},
		{"", "2001:db8::1", true},
		{"", "::", true},
		{"0.0.0.0", "::", true}, // which is how runtimes write any address
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "2001:db8::1", false},
		{"192.0.2.1", "::", false},
		{"2001:db8::1", "::", true},
		{"2001:db8::1", "2001:db8::2", false},
		{"127.0.0.1", "", true},
		{"127.0.0.1", "192.0.2.1", false},
	} {
		for _, order := range [][2]string{{c.held, c.asked}, {c.asked, c.held}} {
			err := claimBoth(t, port(order[0], 80, 80, 80), port(order[1], 80, 80, 80))
			if errors.As(err, new(*nat.PortTakenError)) != c.taken {
				t.Errorf("%q and then %q: %v", order[0], order[1], err)
			}
		}
	}
	udp := port("", 80, 80, 80)
	udp.Protocol = nat.UDP
	if err := claimBoth(t, port("", 80, 80, 80), udp); err != nil {
		t.Errorf("another protocol: %v", err)
	}
}

// containerAddresses are of both families.
func containerAddresses() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24"), netip.MustParsePrefix("fd01::2/64")}
}
