package ipam

import (
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

const (
	leaseTable   state.Table = "leases"
	addressTable state.Table = "addresses"
)

// Lease is one address of one attachment.
type Lease struct {
	Address netip.Prefix `json:"address"` // the address, with the length of its subnet
	Gateway netip.Addr   `json:"gateway,omitzero"`
}

// record is all that one owner holds.
type record struct {
	Owner   attachment.Owner `json:"owner"`
	Leases  []Lease          `json:"leases"`
	Subnets []netip.Prefix   `json:"subnets"` // counted in the subnets table
}

// Leases returns what an owner holds, in the order of its range sets; nil if nothing.
func Leases(tx *state.Tx, o attachment.Owner) ([]Lease, error) {
	r, _, err := state.Get[record](tx, leaseTable, o.Key())
	return r.Leases, err
}

// Holders returns all owners with a lease on a network, in the order of their keys.
func Holders(tx *state.Tx, network string) ([]attachment.Owner, error) {
	var owners []attachment.Owner
	err := state.Each(tx, leaseTable, attachment.NetworkKey(network), func(_ []byte, r *record) error {
		owners = append(owners, r.Owner)
		return nil
	})
	return owners, err
}

// Adopt enters addresses that an owner is known to have, for a book that is rebuilt. An
// address that someone holds already is left to its holder.
func Adopt(tx *state.Tx, o attachment.Owner, addresses []netip.Prefix) error {
	r := record{Owner: o}
	for _, a := range addresses {
		if _, held, err := holder(tx, o.Network, a.Addr()); err != nil {
			return err
		} else if held {
			continue
		}
		r.Leases = append(r.Leases, Lease{Address: a})
		if subnet := a.Masked(); !slices.Contains(r.Subnets, subnet) {
			r.Subnets = append(r.Subnets, subnet)
		}
	}
	return r.replace(tx, &record{})
}

// Release gives back all that an owner holds. One that holds nothing is no error.
func Release(tx *state.Tx, o attachment.Owner) error {
	r, ok, err := state.Get[record](tx, leaseTable, o.Key())
	if err != nil || !ok {
		return err
	}
	if err := leaveSubnets(tx, o.Network, r.Subnets); err != nil {
		return err
	}
	for _, l := range r.Leases {
		if err := giveBack(tx, o.Network, l.Address.Addr()); err != nil {
			return err
		}
	}
	return state.Delete(tx, leaseTable, o.Key())
}

// holder returns who holds an address of a network, if anyone does.
func holder(tx *state.Tx, network string, a netip.Addr) (attachment.Owner, bool, error) {
	o, held, err := state.Get[attachment.Owner](tx, addressTable, addressKey(network, a))
	return *o, held, err
}

// addressKey sorts the addresses of one family on one network in their own order.
func addressKey(network string, a netip.Addr) []byte {
	return append(attachment.NetworkKey(network), a.AsSlice()...)
}

// claim enters an address that nobody holds for its new owner.
func claim(tx *state.Tx, o attachment.Owner, a netip.Addr) error {
	if err := state.Put(tx, addressTable, addressKey(o.Network, a), o); err != nil {
		return err
	}
	return eachPool(tx, o.Network, a, func(p *pool) error { return p.take(tx, a) })
}

func giveBack(tx *state.Tx, network string, a netip.Addr) error {
	if err := state.Delete(tx, addressTable, addressKey(network, a)); err != nil {
		return err
	}
	return eachPool(tx, network, a, func(p *pool) error { return p.free(tx, a) })
}

func contains(leases []Lease, a netip.Addr) bool {
	return slices.ContainsFunc(leases, func(l Lease) bool { return l.Address.Addr() == a })
}
