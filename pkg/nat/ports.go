package nat

import (
	"encoding/binary"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// portTable says who holds which host port: the key is protocol, port, family and address.
// All claims of one port stand side by side, so that a clash is found by one short walk.
const portTable state.Table = "nat-ports"

type portClaim struct {
	Holder  holder  `json:"holder"`
	Mapping Mapping `json:"mapping"`
}

func portPrefix(m Mapping) []byte {
	key := binary.BigEndian.AppendUint16([]byte{byte(m.Protocol)}, m.HostPort)
	return append(key, byte(familyIndex(m.Host)))
}

func portKey(m Mapping) []byte {
	return append(append(portPrefix(m), m.Host.AsSlice()...), m.Limit.String()...)
}

// claimPorts enters mappings for their holder, none of whose claims are in the book. Two of
// them that a packet may be for are a *PortTakenError too.
func claimPorts(tx *state.Tx, h holder, list []Mapping) error {
	for _, m := range list {
		err := state.Each(tx, portTable, portPrefix(m), func(_ []byte, c portClaim) error {
			if c.Holder != h && clash(c.Mapping.Host, m.Host) || c.Holder == h && ambiguous(c.Mapping, m) {
				return &PortTakenError{Mapping: m, Held: c.Mapping, Holder: c.Holder.Owner}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := state.Put(tx, portTable, portKey(m), portClaim{Holder: h, Mapping: m}); err != nil {
			return err
		}
	}
	return nil
}

// NotElsewhere returns those of an owner's mappings whose host port the same container does not
// have by another of its networks already: runtimes ask for all of a container's ports on
// each of its networks, and one way in is enough.
func NotElsewhere(tx *state.Tx, owner attachment.Owner, list []Mapping) (own []Mapping, err error) {
	for _, m := range list {
		elsewhere := false
		err := state.Each(tx, portTable, portPrefix(m), func(_ []byte, c portClaim) error {
			other := c.Holder.Owner
			elsewhere = elsewhere || other != owner && other.ContainerID == owner.ContainerID && clash(c.Mapping.Host, m.Host)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !elsewhere {
			own = append(own, m)
		}
	}
	return own, nil
}

// clash reports whether two addresses of one family can't have the same port published for
// different holders: they are the same, or one is for all addresses.
func clash(a, b netip.Addr) bool {
	return a == b || a.IsUnspecified() || b.IsUnspecified()
}

// ambiguous reports whether a packet to a port may be for both of two mappings of one holder,
// neither of which is looked up before the other.
func ambiguous(a, b Mapping) bool {
	same := a.Host == b.Host || !a.Limit.None() && !b.Limit.None() && clash(a.Host, b.Host)
	return same && a.Limit.overlaps(b.Limit)
}

func releasePorts(tx *state.Tx, h holder, list []Mapping) error {
	for _, m := range list {
		c, ok, err := state.Get[portClaim](tx, portTable, portKey(m))
		if err != nil {
			return err
		}
		if !ok || c.Holder != h {
			continue
		}
		if err := state.Delete(tx, portTable, portKey(m)); err != nil {
			return err
		}
	}
	return nil
}
