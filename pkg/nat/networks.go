package nat

import (
	"bytes"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/state"
)

// networkTable says who needs which network: the key is backend, network and holder.
const networkTable state.Table = "nat-networks"

type networkClaim struct {
	Network Network `json:"network"`
	Holder  holder  `json:"holder"`
}

// holder is one part of one owner.
type holder struct {
	Owner attachment.Owner `json:"owner"`
	Part  Part             `json:"part"`
}

func (h holder) key() []byte { return append(append(h.Owner.Key(), 0), h.Part...) }

func networkKey(k Kind, n *Network) []byte {
	return append([]byte{byte(k)}, n.String()+"\x00"...)
}

// enterNetworks records that the holder needs networks. One that clashes with another's is a
// *NetworkTakenError.
func enterNetworks(tx *state.Tx, k Kind, h holder, list []Network) error {
	for _, n := range list {
		if n.Treatment == SNAT {
			if err := refuseClash(tx, k, h, &n); err != nil {
				return err
			}
		}
		if err := state.Put(tx, networkTable, append(networkKey(k, &n), h.key()...), networkClaim{n, h}); err != nil {
			return err
		}
	}
	return nil
}

func refuseClash(tx *state.Tx, k Kind, h holder, n *Network) error {
	return eachNeeded(tx, k, &h, func(c networkClaim) error {
		if n.clashes(c.Network) {
			return &NetworkTakenError{Network: *n, Held: c.Network, Holder: c.Holder.Owner}
		}
		return nil
	})
}

func leaveNetworks(tx *state.Tx, k Kind, h holder, list []Network) error {
	for _, n := range list {
		if err := state.Delete(tx, networkTable, append(networkKey(k, &n), h.key()...)); err != nil {
			return err
		}
	}
	return nil
}

// networks returns what a backend shall hold for all holders but one, which may be nil.
func networks(tx *state.Tx, k Kind, except *holder) ([]Network, error) {
	var list []Network
	err := eachNeeded(tx, k, except, func(c networkClaim) error {
		list = append(list, c.Network)
		return nil
	})
	return inKernel(list), err
}

// bothNetworks returns the networks that are needed of a record's backend with it and without.
func bothNetworks(tx *state.Tx, r record) (with, less []Network, err error) {
	err = eachNeeded(tx, r.Backend, nil, func(c networkClaim) error {
		with = append(with, c.Network)
		if c.Holder != r.Holder || isShared(tx, r.Backend, c) {
			less = append(less, c.Network)
		}
		return nil
	})
	return inKernel(with), inKernel(less), err
}

// isShared reports whether a network has another holder behind that of its first claim.
func isShared(tx *state.Tx, k Kind, first networkClaim) bool {
	network := networkKey(k, &first.Network)
	next, ok := firstKey(tx, append(slices.Concat(network, first.Holder.key()), 0))
	return ok && bytes.HasPrefix(next, network)
}

// eachNeeded calls fn with one claim of each network that is needed by all holders but one.
// It jumps from each network to the next, looking at two holders of each at most, so that its
// cost does not grow with that of holders.
func eachNeeded(tx *state.Tx, k Kind, except *holder, fn func(networkClaim) error) error {
	from := []byte{byte(k)}
	for {
		key, ok := firstKey(tx, from)
		if !ok || key[0] != byte(k) {
			return nil
		}
		c, _, err := state.Get[networkClaim](tx, networkTable, key)
		if err != nil {
			return failure.To("read networks", err)
		}
		if except != nil && c.Holder == *except {
			from = append(bytes.Clone(key), 0)
			continue
		}
		if err := fn(c); err != nil {
			return err
		}
		from = append(networkKey(k, &c.Network), 0xff) // beyond every holder: names are ASCII
	}
}

func firstKey(tx *state.Tx, from []byte) ([]byte, bool) {
	for key := range state.Keys(tx, networkTable, from) {
		return key, true
	}
	return nil, false
}
