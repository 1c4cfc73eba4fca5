package nat

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// The claims of host ports, side by side so that a clash is found by a short walk. The key of a
// single port is protocol, port, family and address. A range is entered in each block of 256
// ports that it has a part of: by protocol, block, family, first and last port, and address. The
// limit comes last in both. What a mapping leads to is in the record of its holder.
const (
	portTable  state.Table = "nat-ports"
	rangeTable state.Table = "nat-port-ranges"
)

// portClaim is the same at all ports of a holder that have one limit, so that it is encoded once.
type portClaim struct {
	Holder holder `json:"holder"`
	Limit  Limit  `json:"limit,omitzero"`
}

// claimed is a claim with the mapping that its key stands for, but for the target.
type claimed struct {
	holder holder
	end    Mapping
}

func portPrefix(m *Mapping) []byte {
	key := binary.BigEndian.AppendUint16(append(make([]byte, 0, roomForKey), byte(m.Protocol)), m.HostPort)
	return append(key, byte(familyIndex(m.Host)))
}

// roomForKey is what the key of a claim takes that has no limit.
const roomForKey = 24

// place is where a claim is entered.
type place struct {
	table state.Table
	key   []byte
}

func (m *Mapping) places() []place {
	if m.More == 0 {
		return []place{{portTable, m.appendEnd(portPrefix(m))}}
	}
	var list []place
	for _, block := range m.blocks() {
		key := append(blockPrefix(m, block), byte(familyIndex(m.Host)))
		key = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(key, m.HostPort), m.Last())
		list = append(list, place{rangeTable, m.appendEnd(key)})
	}
	return list
}

func (m *Mapping) appendEnd(key []byte) []byte {
	return append(append(key, m.Host.AsSlice()...), m.Limit.String()...)
}

func (m *Mapping) blocks() []byte {
	var list []byte
	for block := int(m.HostPort >> 8); block <= int(m.Last()>>8); block++ {
		list = append(list, byte(block))
	}
	return list
}

func blockPrefix(m *Mapping, block byte) []byte {
	return append(make([]byte, 0, roomForKey), byte(m.Protocol), block)
}

// read reads the key of a claim in a table. It reports false for what can't be one.
func (m *Mapping) read(t state.Table, key []byte) (ok bool) {
	family, host := 3, 4
	if t == rangeTable {
		family, host = 2, 7
	}
	if len(key) < host+net.IPv4len {
		return false
	}
	m.Protocol, m.HostPort = Protocol(key[0]), binary.BigEndian.Uint16(key[1:])
	if t == rangeTable {
		m.HostPort = binary.BigEndian.Uint16(key[3:])
		m.More = binary.BigEndian.Uint16(key[5:]) - m.HostPort
	}
	size := net.IPv4len
	if key[family] != 0 {
		size = net.IPv6len
	}
	m.Host, ok = netip.AddrFromSlice(key[host:min(host+size, len(key))])
	return ok
}

// eachClaim calls fn with the claims that have a port of a mapping, those of ranges perhaps more
// than once.
func eachClaim(tx *state.Tx, m *Mapping, fn func(*claimed) error) error {
	in := func(t state.Table, prefix []byte) error {
		return state.Each(tx, t, prefix, func(key []byte, c *portClaim) error {
			found := claimed{holder: c.Holder, end: Mapping{Limit: c.Limit}}
			if !found.end.read(t, key) || !m.meets(&found.end) {
				return nil
			}
			return fn(&found)
		})
	}
	if m.More == 0 {
		if err := in(portTable, portPrefix(m)); err != nil {
			return err
		}
		return in(rangeTable, blockPrefix(m, byte(m.HostPort>>8)))
	}
	for _, table := range []state.Table{portTable, rangeTable} {
		for _, block := range m.blocks() {
			if err := in(table, blockPrefix(m, block)); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimPorts enters mappings for their holder, none of whose claims are in the book. Two of
// them that a packet may be for are a *PortTakenError too.
func claimPorts(tx *state.Tx, h holder, list []Mapping) error {
	claim := portClaim{Holder: h}
	text, err := state.Encode(claim)
	if err != nil {
		return err
	}
	for i := range list {
		m := &list[i]
		if err := refuseTaken(tx, h, m, list); err != nil {
			return err
		}
		if m.Limit != claim.Limit {
			claim.Limit = m.Limit
			if text, err = state.Encode(claim); err != nil {
				return err
			}
		}
		for _, p := range m.places() {
			if err := state.PutEncoded(tx, p.table, p.key, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseTaken returns a *PortTakenError for one of a holder's mappings that can't be claimed beside what is.
func refuseTaken(tx *state.Tx, h holder, m *Mapping, own []Mapping) error {
	return eachClaim(tx, m, func(c *claimed) error {
		if c.holder == h && !ambiguous(&c.end, m) {
			return nil
		}
		if c.holder != h {
			r, _, err := lookup(tx, c.holder)
			if err != nil {
				return err
			}
			own = r.mappings()
		}
		return &PortTakenError{Mapping: *m, Held: *c.among(own), Holder: c.holder.Owner}
	})
}

// among is the mapping of its holder that a claim is for.
func (c *claimed) among(list []Mapping) *Mapping {
	for i := range list {
		if m := &list[i]; m.meets(&c.end) && m.Host == c.end.Host && m.Limit == c.end.Limit {
			return m
		}
	}
	return &c.end
}

// NotElsewhere returns those of an owner's mappings whose host ports the same container does not
// have by another of its networks already: runtimes ask for all of a container's ports on
// each of its networks, and one way in is enough. ns is the container's namespace: an attachment
// of a former life of the container, under the same name, counts as somebody else's.
func NotElsewhere(tx *state.Tx, owner attachment.Owner, ns state.Netns, list []Mapping) (own []Mapping, err error) {
	found := false
	for _, m := range list {
		var elsewhere []Mapping
		err := eachClaim(tx, &m, func(c *claimed) error {
			other := c.holder.Owner
			if other == owner || other.ContainerID != owner.ContainerID {
				return nil
			}
			same, err := standsIn(tx, other, ns)
			if same {
				elsewhere = append(elsewhere, c.end)
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

func releasePorts(tx *state.Tx, list []Mapping) error {
	for i := range list {
		for _, p := range list[i].places() {
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
	for _, m := range r.mappings() {
		for _, p := range m.places() {
			c, ok, err := state.Get[portClaim](tx, p.table, p.key)
			if err != nil {
				return 0, err
			}
			if !ok || c.Holder != r.Holder {
				return 0, fmt.Errorf("check translations: %s of %s is not claimed", m, r.Holder.Owner)
			}
			entries++
		}
	}
	return entries, nil
}
