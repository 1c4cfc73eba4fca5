package ipam

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
)

// Range is a part of a subnet from which addresses are given: all from First to Last but
// for the excluded ones, the gateway, and the addresses that the subnet reserves (network
// and broadcast in IPv4, RFC 922 section 7; the subnet-router anycast in IPv6, RFC 4291
// section 2.6.1). A subnet of one or two addresses reserves none (RFC 3021, RFC 6164).
type Range struct {
	Subnet  netip.Prefix   `json:"subnet"` // masked
	First   netip.Addr     `json:"first"`
	Last    netip.Addr     `json:"last"`
	Gateway netip.Addr     `json:"gateway,omitzero"` // invalid: none
	Exclude []netip.Prefix `json:"exclude,omitempty"`
}

// RangeSet is a list of disjoint ranges of one family. An attachment gets one address from
// each range set of its network; the ranges are used in their order.
type RangeSet []Range

// reserves reports whether the subnet has addresses of its own that no host may have.
func (r *Range) reserves() bool {
	return r.Subnet.Bits() < r.Subnet.Addr().BitLen()-1
}

// verdict says whether a may be given, or why not.
func (r *Range) verdict(a netip.Addr) Reason {
	switch {
	case a.IsMulticast():
		return Multicast
	case !r.Subnet.Contains(a):
		return OutOfRange
	case r.reserves() && a == r.Subnet.Addr():
		return NetworkAddress
	case r.reserves() && a.Is4() && a == lastAddr(r.Subnet):
		return BroadcastAddress
	case a == r.Gateway:
		return GatewayAddress
	case a.Less(r.First) || r.Last.Less(a):
		return OutOfRange
	case slices.ContainsFunc(r.Exclude, func(p netip.Prefix) bool { return p.Contains(a) }):
		return Excluded
	}
	return allowed
}

// holes returns what is never given, as disjoint prefixes in ascending order.
func (r *Range) holes() []netip.Prefix {
	holes := slices.Clone(r.Exclude)
	if r.Gateway.IsValid() {
		holes = append(holes, hostPrefix(r.Gateway))
	}
	if r.reserves() {
		holes = append(holes, hostPrefix(r.Subnet.Addr()))
		if r.Subnet.Addr().Is4() {
			holes = append(holes, hostPrefix(lastAddr(r.Subnet)))
		}
	}
	// Two prefixes are disjoint or one holds the other, and the larger sorts first.
	sort.Slice(holes, func(i, j int) bool {
		return cmp.Or(holes[i].Addr().Compare(holes[j].Addr()), cmp.Compare(holes[i].Bits(), holes[j].Bits())) < 0
	})
	disjoint := holes[:0]
	for _, h := range holes {
		if n := len(disjoint); n == 0 || !disjoint[n-1].Overlaps(h) {
			disjoint = append(disjoint, h)
		}
	}
	return disjoint
}

// next returns the lowest address that may be given and is not below a, or an invalid one
// if there is none. It leaps over a hole of any size.
func (r *Range) next(a netip.Addr) netip.Addr {
	if !a.IsValid() {
		return netip.Addr{}
	}
	a = maxAddr(a, r.First)
	for _, h := range r.holes() {
		if h.Contains(a) {
			a = lastAddr(h).Next()
		}
	}
	if !a.IsValid() || r.Last.Less(a) {
		return netip.Addr{}
	}
	return a
}

// Size returns how many addresses may be given, capped at math.MaxUint64.
func (r *Range) Size() uint64 {
	var size uint64
	from := r.First
	for _, h := range r.holes() {
		if lastAddr(h).Less(from) {
			continue
		}
		if from.Less(h.Addr()) {
			size = addCapped(size, count(from, minAddr(h.Addr().Prev(), r.Last)))
		}
		if from = lastAddr(h).Next(); !from.IsValid() {
			return size
		}
	}
	return addCapped(size, count(from, r.Last))
}

// verdict says whether the set can give a, or why not. The reason of the range whose
// subnet holds the address tells more than that another range does not hold it.
func (s RangeSet) verdict(a netip.Addr) Reason {
	reason := OutOfRange
	for _, r := range s {
		switch v := r.verdict(a); {
		case v == allowed:
			return allowed
		case reason == OutOfRange:
			reason = v
		}
	}
	return reason
}

// lease returns the lease of a, which one of the set's ranges can give.
func (s RangeSet) lease(a netip.Addr) Lease {
	for _, r := range s {
		if r.verdict(a) == allowed {
			return Lease{Address: netip.PrefixFrom(a, r.Subnet.Bits()), Gateway: r.Gateway}
		}
	}
	return Lease{}
}
