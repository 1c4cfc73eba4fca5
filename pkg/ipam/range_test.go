package ipam

import (
	"net/netip"
	"slices"
	"testing"
)

// prefixes maps any 64 bits to a prefix near 10.1.0.0/24 or 2001:db8::/120, where the
// interesting ones are.
func prefix(seed uint16, six bool) netip.Prefix {
	low, bits := byte(seed), 24+int(seed>>8)%9
	a := netip.AddrFrom4([4]byte{10, 1, 0, low})
	if six {
		a = netip.MustParsePrefix("2001:db8::/120").Addr()
		raw := a.As16()
		raw[15] = low
		a, bits = netip.AddrFrom16(raw), bits+96
	}
	return netip.PrefixFrom(a, bits).Masked()
}

// FuzzRange walks a range: each address once, in ascending order, none that may not be
// given, and all others; and counts them.
func FuzzRange(f *testing.F) {
	f.Add(uint16(0), uint8(0), uint8(255), uint8(1), uint16(0x0410), uint16(0x0811), false)
	f.Add(uint16(0x0700), uint8(0), uint8(1), uint8(200), uint16(0), uint16(0), true)
	f.Add(uint16(0x0805), uint8(5), uint8(5), uint8(0), uint16(0x0400), uint16(0x0500), false)
	f.Fuzz(func(t *testing.T, subnet uint16, first, last, gateway uint8, out1, out2 uint16, six bool) {
		s := prefix(subnet, six)
		all := prefix(0, six)
		at := func(low uint8) netip.Addr { return prefix(0x0800|uint16(low), six).Addr() }
		r := Range{Subnet: s, First: at(first), Last: at(last), Exclude: []netip.Prefix{prefix(out1, six), prefix(out2, six)}}
		if s.Contains(at(gateway)) {
			r.Gateway = at(gateway)
		}
		if !s.Contains(r.First) || !s.Contains(r.Last) || r.Last.Less(r.First) {
			t.Skip()
		}
		var want []netip.Addr
		for a := all.Addr(); all.Contains(a); a = a.Next() {
			if r.verdict(a) == allowed {
				want = append(want, a)
			}
		}
		var got []netip.Addr
		for a := r.next(r.First); a.IsValid() && len(got) <= len(want); a = r.next(a.Next()) {
			got = append(got, a)
		}
		if !slices.Equal(got, want) || r.Size() != uint64(len(want)) {
			t.Errorf("%+v: size %d\n got %v\nwant %v", r, r.Size(), got, want)
		}
	})
}

func TestVerdictsNameTheReason(t *testing.T) {
	r := Range{
		Subnet:  netip.MustParsePrefix("10.1.0.0/24"),
		First:   netip.MustParseAddr("10.1.0.0"),
		Last:    netip.MustParseAddr("10.1.0.255"),
		Gateway: netip.MustParseAddr("10.1.0.1"),
		Exclude: []netip.Prefix{netip.MustParsePrefix("10.1.0.128/25")},
	}
	for address, want := range map[string]Reason{
		"10.1.0.0": NetworkAddress, "10.1.0.255": BroadcastAddress, "10.1.0.1": GatewayAddress,
		"10.1.0.200": Excluded, "10.1.1.1": OutOfRange, "fe80::1": OutOfRange,
		"224.0.0.1": Multicast, "ff02::1": Multicast, "10.1.0.2": allowed,
	} {
		if got := r.verdict(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s %s, want: %s", address, got, want)
		}
	}
}

func TestSubnetsOfOneAndTwoAddressesGiveAllOfThem(t *testing.T) {
	for subnet, want := range map[string]uint64{
		"10.1.0.0/30": 2, "10.1.0.2/31": 2, "10.1.0.3/32": 1,
		"2001:db8::/126": 3, "2001:db8::/127": 2, "2001:db8::5/128": 1,
	} {
		p := netip.MustParsePrefix(subnet)
		r := Range{Subnet: p, First: p.Addr(), Last: lastAddr(p)}
		if got := r.Size(); got != want {
			t.Errorf("%s gives %d addresses, want %d", subnet, got, want)
		}
	}
}

func TestHugeRangesAreLeaptThrough(t *testing.T) {
	p := netip.MustParsePrefix("2001:db8::/32")
	r := Range{Subnet: p, First: p.Addr(), Last: lastAddr(p), Exclude: []netip.Prefix{netip.MustParsePrefix("2001:db8::/33")}}
	if got, want := r.next(r.First), netip.MustParseAddr("2001:db8:8000::"); got != want {
		t.Errorf("first address %s, want %s", got, want)
	}
	if got := r.Size(); got != 1<<64-1 {
		t.Errorf("size %d, want the cap", got)
	}
	edge := netip.MustParsePrefix("255.255.255.254/31")
	r = Range{Subnet: edge, First: edge.Addr(), Last: lastAddr(edge)}
	if got := r.next(r.Last.Next()); got.IsValid() {
		t.Errorf("after the highest address comes %s", got)
	}
}
