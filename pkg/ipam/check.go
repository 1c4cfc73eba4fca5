package ipam

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Check reads all tables of this package and reports everything that does not fit
// together; the errors are joined. Its cost grows with the number of leases.
func Check(tx *state.Tx) error {
	c := checker{tx: tx, subnets: map[subnetUse]uint64{}}
	return errors.Join(c.records(), c.addresses(), c.subnetUses(), c.pools(), errors.Join(c.faults...))
}

type checker struct {
	tx      *state.Tx
	leases  int
	subnets map[subnetUse]uint64 // owners by network and subnet, counted from the records
	faults  []error
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *checker) records() error {
	return state.Each(c.tx, leaseTable, nil, func(key []byte, r *record) error {
		if !bytes.Equal(key, r.Owner.Key()) {
			c.fault("lease record of %s stands under the key %q", r.Owner, key)
		}
		for _, l := range r.Leases {
			c.leases++
			other, ok, err := holder(c.tx, r.Owner.Network, l.Address.Addr())
			if err != nil {
				return err
			}
			if !ok || other != r.Owner {
				c.fault("%s is leased to %s, but entered for %s", l.Address, r.Owner, other)
			}
		}
		for _, s := range r.Subnets {
			c.subnets[subnetUse{Network: r.Owner.Network, Subnet: s}]++
		}
		return nil
	})
}

// addresses finds entries without a lease: every lease has an entry, or records found the
// fault, so there are as many of each.
func (c *checker) addresses() error {
	entries := 0
	err := state.Each(c.tx, addressTable, nil, func(key []byte, o *attachment.Owner) error {
		entries++
		raw, ok := bytes.CutPrefix(key, attachment.NetworkKey(o.Network))
		a, valid := netip.AddrFromSlice(raw)
		if !ok || !valid {
			c.fault("address entry of %s stands under the key %q", o, key)
			return nil
		}
		leases, err := Leases(c.tx, *o)
		if err == nil && !contains(leases, a) {
			c.fault("%s is entered for %s, which has no lease of it", a, o)
		}
		return err
	})
	if err == nil && entries != c.leases {
		c.fault("%d addresses are entered for %d leases", entries, c.leases)
	}
	return err
}

func (c *checker) subnetUses() error {
	err := state.Each(c.tx, subnetTable, nil, func(_ []byte, u *subnetUse) error {
		key := subnetUse{Network: u.Network, Subnet: u.Subnet}
		if c.subnets[key] != u.Owners || u.Owners == 0 {
			c.fault("subnet %s of network %s counts %d owners, has %d", u.Subnet, u.Network, u.Owners, c.subnets[key])
		}
		delete(c.subnets, key)
		return nil
	})
	for key, n := range c.subnets {
		c.fault("subnet %s of network %s has %d owners, and is not entered", key.Subnet, key.Network, n)
	}
	return err
}

func (c *checker) pools() error {
	known := 0
	err := state.Each(c.tx, poolTable, nil, func(key []byte, p *pool) error {
		if !bytes.Equal(key, p.key()) {
			c.fault("pool %s of network %s stands under the key %q", span(p.Range), p.Network, key)
		}
		n, err := c.pool(p)
		known += n
		return err
	})
	for _, t := range []state.Table{freedTable, freedAtTable} {
		n := 0
		for range state.Keys(c.tx, t, nil) {
			n++
		}
		if n != known {
			c.fault("table %s has %d entries, the pools know %d", t, n, known)
		}
	}
	return err
}

// pool checks one pool and returns the length of its queue.
func (c *checker) pool(p *pool) (queued int, err error) {
	if n := leased(c.tx, p.Network, p.Range); n != p.Used {
		c.fault("pool %s of network %s counts %d leases, has %d", span(p.Range), p.Network, p.Used, n)
	}
	err = state.Each(c.tx, freedTable, p.key(), func(key []byte, freed *netip.Addr) error {
		queued++
		a := *freed
		number, ok, err := state.Get[uint64](c.tx, freedAtTable, p.freedAtKey(a))
		switch {
		case err != nil:
			return err
		case !ok || !bytes.Equal(key, p.freedKey(*number)):
			c.fault("freed address %s of network %s is not found by itself", a, p.Network)
		case p.Range.verdict(a) != allowed || p.passed().Last.Less(a):
			c.fault("address %s of network %s is queued, but was never to be given", a, p.Network)
		case state.Has(c.tx, addressTable, addressKey(p.Network, a)):
			c.fault("address %s of network %s is queued and leased", a, p.Network)
		}
		return nil
	})
	given := p.passed()
	if known := uint64(queued) + leased(c.tx, p.Network, given); err == nil && given.Size() != known {
		c.fault("pool %s of network %s has passed %d addresses, knows of %d", span(p.Range), p.Network, given.Size(), known)
	}
	return queued, err
}

// passed returns the part of the range that the cursor has passed.
func (p *pool) passed() Range {
	r := p.Range
	if p.Next.IsValid() {
		r.Last = p.Next.Prev()
	}
	return r
}
