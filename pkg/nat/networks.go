package nat

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// networkTable says who needs which network: the key is use, prefix and holder.
const networkTable state.Table = "nat-networks"

// use tells what a network is needed for.
type use byte

const (
	useMasquerade use = 'm'
	useHairpin    use = 'h'
)

// holder is one part of one owner.
type holder struct {
	Owner attachment.Owner `json:"owner"`
	Part  Part             `json:"part"`
}

func (h holder) key() []byte { return append(append(h.Owner.Key(), 0), h.Part...) }

func networkKey(u use, p netip.Prefix) []byte {
	return append([]byte{byte(u)}, p.String()+"\x00"...)
}

// enterNetworks records that the holder needs the networks of t.
func enterNetworks(tx *state.Tx, h holder, t Translations) error {
	return eachNetwork(t, func(u use, p netip.Prefix) error {
		return state.Put(tx, networkTable, append(networkKey(u, p), h.key()...), h)
	})
}

func leaveNetworks(tx *state.Tx, h holder, t Translations) error {
	return eachNetwork(t, func(u use, p netip.Prefix) error {
		return state.Delete(tx, networkTable, append(networkKey(u, p), h.key()...))
	})
}

func eachNetwork(t Translations, fn func(use, netip.Prefix) error) error {
	for _, p := range t.Masquerade {
		if err := fn(useMasquerade, p); err != nil {
			return err
		}
	}
	for _, p := range t.Hairpin {
		if err := fn(useHairpin, p); err != nil {
			return err
		}
	}
	return nil
}

// networks returns what the kernel shall hold for all holders but one, which may be nil.
// Its cost grows with the number of networks, not with that of holders.
func networks(tx *state.Tx, except *holder) (Networks, error) {
	masquerade, err := needed(tx, useMasquerade, except)
	if err != nil {
		return Networks{}, err
	}
	hairpin, err := needed(tx, useHairpin, except)
	if err != nil {
		return Networks{}, err
	}
	return Networks{
		Masquerade: cover(masquerade), Hairpin: cover(hairpin), Inside: cover(slices.Concat(masquerade, hairpin)),
	}, nil
}

// needed lists the prefixes of a use. It jumps from each prefix to the next, looking at two
// holders of each at most.
func needed(tx *state.Tx, u use, except *holder) ([]netip.Prefix, error) {
	var list []netip.Prefix
	from := []byte{byte(u)}
	for {
		key, ok := firstKey(tx, from)
		if !ok || key[0] != byte(u) {
			return list, nil
		}
		p, err := networkOf(key)
		if err != nil {
			return nil, err
		}
		if except != nil && bytes.Equal(key, append(networkKey(u, p), except.key()...)) {
			from = append(bytes.Clone(key), 0)
			continue
		}
		list = append(list, p)
		from = append(networkKey(u, p), 0xff) // beyond every holder: names are ASCII
	}
}

func firstKey(tx *state.Tx, from []byte) ([]byte, bool) {
	for key := range state.Keys(tx, networkTable, from) {
		return key, true
	}
	return nil, false
}

func networkOf(key []byte) (netip.Prefix, error) {
	text, _, _ := bytes.Cut(key[1:], []byte{0})
	p, err := netip.ParsePrefix(string(text))
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("decode %s %q: %w", networkTable, key, err)
	}
	return p, nil
}
