package nat

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/state"
)

// networkTable says how many holders need which network: the key is backend and network. Who they are stands in their
// records. With a key for each of them, those who list the networks would touch a page of the file for each.
const networkTable state.Table = "nat-networks"

type needed struct {
	Network Network `json:"network"`
	Holders int     `json:"holders"`
}

// holder is one part of one owner.
type holder struct {
	Owner attachment.Owner `json:"owner"`
	Part  Part             `json:"part"`
}

func (h holder) key() []byte { return append(append(h.Owner.Key(), 0), h.Part...) }

func networkKey(k Kind, n *Network) []byte { return append([]byte{byte(k)}, n.String()...) }

// enterNetworks counts one more holder of networks. One that clashes with another's is a
// *NetworkTakenError.
func enterNetworks(tx *state.Tx, k Kind, list []Network) error {
	for i := range list {
		if err := refuseClash(tx, k, &list[i]); err != nil {
			return err
		}
	}
	return countHolders(tx, k, list, 1)
}

func leaveNetworks(tx *state.Tx, k Kind, list []Network) error { return countHolders(tx, k, list, -1) }

func countHolders(tx *state.Tx, k Kind, list []Network, more int) error {
	for i := range list {
		key := networkKey(k, &list[i])
		n, _, err := state.Get[needed](tx, networkTable, key)
		if err != nil {
			return failure.To("read networks", err)
		}
		n.Network, n.Holders = list[i], n.Holders+more
		if n.Holders > 0 {
			err = state.Put(tx, networkTable, key, n)
		} else {
			err = state.Delete(tx, networkTable, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func refuseClash(tx *state.Tx, k Kind, n *Network) error {
	if n.Treatment != SNAT {
		return nil
	}
	return eachNeeded(tx, k, func(held *needed) error {
		if !n.clashes(held.Network) {
			return nil
		}
		owner, err := firstHolder(tx, k, &held.Network)
		return errors.Join(&NetworkTakenError{Network: *n, Held: held.Network, Holder: owner}, err)
	})
}

// firstHolder looks through all records.
func firstHolder(tx *state.Tx, k Kind, n *Network) (owner attachment.Owner, err error) {
	err = state.Each(tx, recordTable, nil, func(_ []byte, r *record) error {
		if r.Backend != k || !slices.Contains(r.Translations.Networks, *n) {
			return nil
		}
		owner = r.Holder.Owner
		return state.ErrStop
	})
	return owner, err
}

// networks returns what a backend shall hold for all holders but one, which may be nil.
func networks(tx *state.Tx, k Kind, except *holder) ([]Network, error) {
	var own []Network
	if except != nil {
		r, _, err := lookup(tx, *except)
		if err != nil {
			return nil, err
		}
		if r.Backend == k {
			own = r.Translations.Networks
		}
	}
	var list []Network
	err := eachNeeded(tx, k, func(n *needed) error {
		if n.byOthers(own) {
			list = append(list, n.Network)
		}
		return nil
	})
	return inKernel(list), err
}

// byOthers reports whether others need a network than the one holder whose own are given.
func (n *needed) byOthers(own []Network) bool {
	return n.Holders > 1 || !slices.Contains(own, n.Network)
}

func eachNeeded(tx *state.Tx, k Kind, fn func(*needed) error) error {
	return state.Each(tx, networkTable, []byte{byte(k)}, func(_ []byte, n *needed) error { return fn(n) })
}

// bothNetworks returns what the kernel shall hold with a holder's own networks and without, as far as it depends on
// them: what overlaps none of those, nor what holds them, is not read.
func bothNetworks(tx *state.Tx, k Kind, own []Network) (with, less []Network, err error) {
	keys := slices.Collect(state.KeysWith(tx, networkTable, []byte{byte(k)}))
	var near []netip.Prefix
	for _, key := range keys {
		p := prefixIn(key)
		if slices.ContainsFunc(own, func(n Network) bool { return n.Prefix.Overlaps(p) }) {
			near = append(near, p)
		}
	}
	near = cover(near)
	for _, key := range keys {
		if !slices.ContainsFunc(near, prefixIn(key).Overlaps) {
			continue
		}
		n, _, err := state.Get[needed](tx, networkTable, key)
		if err != nil {
			return nil, nil, failure.To("read networks", err)
		}
		if with = append(with, n.Network); n.byOthers(own) {
			less = append(less, n.Network)
		}
	}
	return inKernel(with), inKernel(less), nil
}

// prefixIn is the prefix of the network that a key is for: the second of its words.
func prefixIn(key []byte) netip.Prefix {
	_, text, _ := strings.Cut(string(key), " ")
	text, _, _ = strings.Cut(text, " ")
	p, _ := netip.ParsePrefix(text)
	return p
}

// checkNetworks verifies that as many are counted as records have them, by key.
func checkNetworks(tx *state.Tx, recorded map[string]int) error {
	err := state.Each(tx, networkTable, nil, func(key []byte, n *needed) error {
		if have := recorded[string(key)]; have != n.Holders {
			return fmt.Errorf("check translations: %s is counted for %d holders, %d have it", n.Network, n.Holders, have)
		}
		delete(recorded, string(key))
		return nil
	})
	for key := range recorded {
		err = errors.Join(err, fmt.Errorf("check translations: %q is not counted", key))
	}
	return err
}
