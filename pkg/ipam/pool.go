package ipam

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/plainjson"
	"vethbridge/internal/state"
)

const (
	poolTable    state.Table = "pools"
	freedTable   state.Table = "freed"
	freedAtTable state.Table = "freedAt"
)

// pool is the state of one range of one network. Of the addresses that the range can give,
// those before Next are each either leased or in the queue of freed ones, never both; those
// from Next on are not in the queue. A changed range is another range with a new pool; the
// addresses leased from the former one count in both and come back to both.
type pool struct {
	Network string     `json:"network"`
	Range   Range      `json:"range"`
	Next    netip.Addr `json:"next,omitzero"` // cursor; invalid: all have been given once
	Used    uint64     `json:"used"`          // leased addresses of the range
}

// key begins with the network; the hash stands for the range, which may be long.
func (p *pool) key() []byte {
	text, err := plainjson.Marshal(p.Range)
	if err != nil {
		panic(fmt.Sprintf("encode range: %v", err)) // addresses and prefixes always encode
	}
	hash := fnv.New128a()
	_, _ = hash.Write(text)
	return hash.Sum(attachment.NetworkKey(p.Network))
}

func (p *pool) put(tx *state.Tx) error {
	return state.Put(tx, poolTable, p.key(), *p)
}

// openPools begins the pools of those ranges that have none yet. Where there was one
// missing, the config has changed: pools of other ranges that nobody uses are dropped.
func openPools(tx *state.Tx, network string, sets []RangeSet) error {
	changed := false
	for _, r := range slices.Concat(sets...) {
		p := pool{Network: network, Range: r, Next: r.next(r.First)}
		if state.Has(tx, poolTable, p.key()) {
			continue
		}
		changed = true
		p.Used = leased(tx, network, r)
		if err := p.put(tx); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return dropIdlePools(tx, network, sets)
}

func findPool(tx *state.Tx, network string, r Range) (*pool, bool, error) {
	return state.Get[pool](tx, poolTable, (&pool{Network: network, Range: r}).key())
}

// eachPool calls fn for the pools of a network whose range can give a.
func eachPool(tx *state.Tx, network string, a netip.Addr, fn func(*pool) error) error {
	all, err := pools(tx, network)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Range.verdict(a) != allowed {
			continue
		}
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func pools(tx *state.Tx, network string) ([]*pool, error) {
	var all []*pool
	err := state.Each(tx, poolTable, attachment.NetworkKey(network), func(_ []byte, p *pool) error {
		all = append(all, p)
		return nil
	})
	return all, err
}

// dropIdlePools forgets the pools of a network from which nothing is leased, but for those
// of the ranges in keep.
func dropIdlePools(tx *state.Tx, network string, keep []RangeSet) error {
	kept := map[string]bool{}
	for _, r := range slices.Concat(keep...) {
		kept[string((&pool{Network: network, Range: r}).key())] = true
	}
	all, err := pools(tx, network)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Used > 0 || kept[string(p.key())] {
			continue
		}
		if err := p.drop(tx); err != nil {
			return err
		}
	}
	return nil
}

func (p *pool) drop(tx *state.Tx) error {
	for {
		head, err := p.head(tx)
		if err != nil {
			return err
		}
		if !head.address.IsValid() {
			return state.Delete(tx, poolTable, p.key())
		}
		if err := p.unfree(tx, head.address); err != nil {
			return err
		}
	}
}

// advance moves the cursor over addresses that were leased on request, or from a former
// range, to the next one that nobody has, and returns that; invalid if there is none.
func (p *pool) advance(tx *state.Tx) (netip.Addr, error) {
	next := p.Next
	for next.IsValid() && state.Has(tx, addressTable, addressKey(p.Network, next)) {
		next = p.Range.next(next.Next())
	}
	if next == p.Next {
		return next, nil
	}
	p.Next = next
	return next, p.put(tx)
}

// take enters that a is leased now.
func (p *pool) take(tx *state.Tx, a netip.Addr) error {
	p.Used++
	if a == p.Next {
		p.Next = p.Range.next(a.Next())
	} else if err := p.unfree(tx, a); err != nil {
		return err
	}
	return p.put(tx)
}

// free enters that a is leased no more. An address that the cursor has yet to reach waits
// for it there.
func (p *pool) free(tx *state.Tx, a netip.Addr) error {
	p.Used--
	if !p.Next.IsValid() || a.Less(p.Next) {
		if err := p.enqueue(tx, a); err != nil {
			return err
		}
	}
	return p.put(tx)
}

func (p *pool) enqueue(tx *state.Tx, a netip.Addr) error {
	number, err := state.Next(tx, freedTable)
	if err != nil {
		return err
	}
	if err := state.Put(tx, freedTable, p.freedKey(number), a); err != nil {
		return err
	}
	return state.Put(tx, freedAtTable, p.freedAtKey(a), number)
}

// unfree takes an address out of the queue, if it is there.
func (p *pool) unfree(tx *state.Tx, a netip.Addr) error {
	number, ok, err := state.Get[uint64](tx, freedAtTable, p.freedAtKey(a))
	if err != nil || !ok {
		return err
	}
	if err := state.Delete(tx, freedTable, p.freedKey(*number)); err != nil {
		return err
	}
	return state.Delete(tx, freedAtTable, p.freedAtKey(a))
}

// freed is an entry of the queue. Numbers compare across the pools of a network.
type freed struct {
	number  uint64
	address netip.Addr
}

// head returns the address that was freed longest ago; an invalid one if there is none.
func (p *pool) head(tx *state.Tx) (freed, error) {
	var head freed
	prefix := p.key()
	err := state.Each(tx, freedTable, prefix, func(key []byte, a *netip.Addr) error {
		head = freed{binary.BigEndian.Uint64(bytes.TrimPrefix(key, prefix)), *a}
		return state.ErrStop
	})
	return head, err
}

func (p *pool) freedKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64(p.key(), number)
}

func (p *pool) freedAtKey(a netip.Addr) []byte {
	return append(p.key(), a.AsSlice()...)
}
