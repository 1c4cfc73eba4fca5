package nat

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// The claims of host ports, side by side so that a clash is found by a short walk. The key of a
// single port is protocol, port, family and address. A range is entered in each block of 256
// ports that it has a part of: by protocol, block, family, first and last port, and address.
const (
	portTable  state.Table = "nat-ports"
	rangeTable state.Table = "nat-port-ranges"
)

type portClaim struct {
	Holder  holder  `json:"holder"`
	Mapping Mapping `json:"mapping"`
}

func portPrefix(m *Mapping) []byte {
	key := binary.BigEndian.AppendUint16([]byte{byte(m.Protocol)}, m.HostPort)
	return append(key, byte(familyIndex(m.Host)))
}

// place is where a claim is entered.
type place struct {
	table state.Table
	key   []byte
}

func (m *Mapping) places() []place {
	end := append(m.Host.AsSlice(), m.Limit.String()...)
	if m.More == 0 {
		return []place{{portTable, append(portPrefix(m), end...)}}
	}
	var list []place
	for _, block := range m.blocks() {
		key := append(blockPrefix(m, block), byte(familyIndex(m.Host)))
		key = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(key, m.HostPort), m.Last())
		list = append(list, place{rangeTable, append(key, end...)})
	}
	return list
}

func (m *Mapping) blocks() []byte {
	var list []byte
	for block := int(m.HostPort >> 8); block <= int(m.Last()>>8); block++ {
		list = append(list, byte(block))
	}
	return list
}

func blockPrefix(m *Mapping, block byte) []byte { return []byte{byte(m.Protocol), block} }

// eachClaim calls fn with the claims that have a port of a mapping, those of ranges perhaps more
// than once.
func eachClaim(tx *state.Tx, m *Mapping, fn func(portClaim) error) error {
	met := func(_ []byte, c portClaim) error {
		if !m.meets(&c.Mapping) {
			return nil
		}
		return fn(c)
	}
	if m.More == 0 {
		if err := state.Each(tx, portTable, portPrefix(m), met); err != nil {
			return err
		}
		return state.Each(tx, rangeTable, blockPrefix(m, byte(m.HostPort>>8)), met)
	}
	for _, table := range []state.Table{portTable, rangeTable} {
		for _, block := range m.blocks() {
			if err := state.Each(tx, table, blockPrefix(m, block), met); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimPorts enters mappings for their holder, none of whose claims are in the book. Two of
// them that a packet may be for are a *PortTakenError too.
func claimPorts(tx *state.Tx, h holder, list []Mapping) error {
	for _, m := range list {
		err := eachClaim(tx, &m, func(c portClaim) error {
			if c.Holder != h || ambiguous(&c.Mapping, &m) {
				return &PortTakenError{Mapping: m, Held: c.Mapping, Holder: c.Holder.Owner}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, p := range m.places() {
			if err := state.Put(tx, p.table, p.key, portClaim{Holder: h, Mapping: m}); err != nil {
				return err
			}
		}
	}
	return nil
}

// NotElsewhere returns those of an owner's mappings whose host ports the same container does not
// have by another of its networks already: runtimes ask for all of a container's ports on
// each of its networks, and one way in is enough. ns is the container's namespace: an attachment
// of a former life of the container, under the same name, counts as somebody else's.
func NotElsewhere(tx *state.Tx, owner attachment.Owner, ns state.Netns, list []Mapping) (own []Mapping, err error) {
	found := false
	for _, m := range list {
		var elsewhere []Mapping
		err := eachClaim(tx, &m, func(c portClaim) error {
			other := c.Holder.Owner
			if other == owner || other.ContainerID != owner.ContainerID {
				return nil
			}
			same, err := standsIn(tx, other, ns)
			if same {
				elsewhere = append(elsewhere, c.Mapping)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(elsewhere) == 0 {
			own = append(own, m)
			continue
		}
		found = true
		own = append(own, m.less(elsewhere)...)
	}
	if !found {
		return list, nil
	}
	return Translations{Mappings: own}.canonical().Mappings, nil
}

// standsIn reports whether an attachment of this boot is in the namespace, as far as is known.
func standsIn(tx *state.Tx, owner attachment.Owner, ns state.Netns) (bool, error) {
	a, known, err := tx.Attachment(owner)
	if err != nil || !known || a.BootID != tx.BootID() {
		return false, err
	}
	return a.Netns == (state.Netns{}) || a.Netns.Dev == ns.Dev && a.Netns.Inode == ns.Inode, nil
}

// clash reports whether two addresses of one family can't have the same port published for
// different holders: they are the same, or one is for all addresses.
func clash(a, b netip.Addr) bool {
	return a == b || a.IsUnspecified() || b.IsUnspecified()
}

// ambiguous reports whether a packet to a port may be for both of two mappings of one holder,
// neither of which is looked up before the other.
func ambiguous(a, b *Mapping) bool {
	same := a.Host == b.Host || !a.Limit.None() && !b.Limit.None() && clash(a.Host, b.Host)
	return same && a.Limit.overlaps(b.Limit)
}

func releasePorts(tx *state.Tx, h holder, list []Mapping) error {
	for _, m := range list {
		for _, p := range m.places() {
			c, ok, err := state.Get[portClaim](tx, p.table, p.key)
			if err != nil {
				return err
			}
			if !ok || c.Holder != h {
				continue
			}
			if err := state.Delete(tx, p.table, p.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkClaims verifies that a record's mappings are claimed, and returns how many entries
// that takes.
func checkClaims(tx *state.Tx, r *record) (entries int, err error) {
	for _, m := range r.Translations.Mappings {
		for _, p := range m.places() {
			c, ok, err := state.Get[portClaim](tx, p.table, p.key)
			if err != nil {
				return 0, err
			}
			if !ok || c.Holder != r.Holder || c.Mapping != m {
				return 0, fmt.Errorf("check translations: %s of %s is not claimed", m, r.Holder.Owner)
			}
			entries++
		}
	}
	return entries, nil
}
