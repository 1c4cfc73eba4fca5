package ipam

import (
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Request asks for one address from each range set.
type Request struct {
	Owner attachment.Owner
	// Sets are the network's range sets, disjoint as DecodeConfig makes them.
	Sets []RangeSet
	// Wanted are particular addresses, at most one in each set; the other sets choose.
	Wanted []netip.Addr
	// AllowOverlap lets subnets be used that overlap those of other networks.
	AllowOverlap bool
}

// Allocate leases one address from each set, in their order, all or none. An owner that
// asks again gets what it holds, as far as the sets and the wanted addresses still allow.
// The errors that the caller can do something about are *ExhaustedError and *TakenError;
// *NotAllowedError and *OverlapError are final. After an error nothing is leased, and the
// transaction can be used on.
func Allocate(tx *state.Tx, r Request) ([]Lease, error) {
	wanted, err := assign(r.Sets, r.Wanted)
	if err != nil {
		return nil, err
	}
	nets := subnets(r.Sets)
	if !r.AllowOverlap {
		if err := refuseOverlap(tx, r.Owner.Network, nets); err != nil {
			return nil, err
		}
	}
	if err := openPools(tx, r.Owner.Network, r.Sets); err != nil {
		return nil, err
	}
	old, _, err := state.Get[record](tx, leaseTable, r.Owner.Key())
	if err != nil {
		return nil, err
	}
	fresh := record{Owner: r.Owner, Subnets: nets}
	for i := range r.Sets {
		a, err := r.choose(tx, i, wanted[i], old.Leases)
		if err != nil {
			return nil, err
		}
		fresh.Leases = append(fresh.Leases, r.Sets[i].lease(a))
	}
	return fresh.Leases, fresh.replace(tx, old)
}

// assign finds the set of each wanted address; where none is wanted it leaves an invalid one.
func assign(sets []RangeSet, wanted []netip.Addr) ([]netip.Addr, error) {
	assigned := make([]netip.Addr, len(sets))
	for _, a := range wanted {
		a = a.Unmap()
		i, reason := find(sets, a)
		if reason == allowed && assigned[i].IsValid() && assigned[i] != a {
			reason = SecondInSet
		}
		if reason != allowed {
			return nil, &NotAllowedError{Address: a, Reason: reason}
		}
		assigned[i] = a
	}
	return assigned, nil
}

// find returns the index of the set that can give a, or why none can.
func find(sets []RangeSet, a netip.Addr) (int, Reason) {
	reason := OutOfRange
	for i, set := range sets {
		switch v := set.verdict(a); {
		case v == allowed:
			return i, allowed
		case reason == OutOfRange:
			reason = v
		}
	}
	return 0, reason
}

// choose finds the address of one set, without claiming it.
func (r Request) choose(tx *state.Tx, set int, wanted netip.Addr, held []Lease) (netip.Addr, error) {
	if wanted.IsValid() {
		return r.chooseWanted(tx, wanted)
	}
	for _, l := range held {
		if r.Sets[set].verdict(l.Address.Addr()) == allowed {
			return l.Address.Addr(), nil
		}
	}
	a, err := r.Sets[set].pick(tx, r.Owner.Network)
	if err != nil || a.IsValid() {
		return a, err
	}
	usage, err := r.Sets[set].usage(tx, r.Owner.Network)
	if err != nil {
		return netip.Addr{}, err
	}
	return netip.Addr{}, &ExhaustedError{Network: r.Owner.Network, Set: set, Size: usage.Size, Used: usage.Used}
}

func (r Request) chooseWanted(tx *state.Tx, a netip.Addr) (netip.Addr, error) {
	other, held, err := holder(tx, r.Owner.Network, a)
	if err != nil {
		return netip.Addr{}, err
	}
	if held && other != r.Owner {
		return netip.Addr{}, &TakenError{Address: a, Holder: other}
	}
	return a, nil
}

// pick finds a free address: one that was never given, in the order of the ranges, or else
// the one that was freed longest ago. It returns an invalid one if there is neither.
func (s RangeSet) pick(tx *state.Tx, network string) (netip.Addr, error) {
	var oldest freed
	for _, r := range s {
		p, _, err := findPool(tx, network, r)
		if err != nil {
			return netip.Addr{}, err
		}
		if a, err := p.advance(tx); err != nil || a.IsValid() {
			return a, err
		}
		head, err := p.head(tx)
		if err != nil {
			return netip.Addr{}, err
		}
		if head.address.IsValid() && (!oldest.address.IsValid() || head.number < oldest.number) {
			oldest = head
		}
	}
	return oldest.address, nil
}

// replace writes r over the owner's former record: what both hold stays as it is.
func (r record) replace(tx *state.Tx, old *record) error {
	network := r.Owner.Network
	for _, l := range r.Leases {
		if contains(old.Leases, l.Address.Addr()) {
			continue
		}
		if err := claim(tx, r.Owner, l.Address.Addr()); err != nil {
			return err
		}
	}
	for _, l := range old.Leases {
		if contains(r.Leases, l.Address.Addr()) {
			continue
		}
		if err := giveBack(tx, network, l.Address.Addr()); err != nil {
			return err
		}
	}
	if err := enterSubnets(tx, network, r.Subnets); err != nil {
		return err
	}
	if err := leaveSubnets(tx, network, old.Subnets); err != nil {
		return err
	}
	return state.Put(tx, leaseTable, r.Owner.Key(), r)
}
