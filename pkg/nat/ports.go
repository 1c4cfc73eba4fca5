package nat

import (
	"encoding/binary"
	"net/netip"

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

func portKey(m Mapping) []byte { return append(portPrefix(m), m.Host.AsSlice()...) }

// claimPort enters a mapping for its holder. A claim of another owner on the same port of
// the same address, or of any address where one of the two is for all of them, is a
// *PortTakenError. The same owner's own claims give way.
func claimPort(tx *state.Tx, h holder, m Mapping) error {
	err := state.Each(tx, portTable, portPrefix(m), func(_ []byte, c portClaim) error {
		if c.Holder.Owner != h.Owner && clash(c.Mapping.Host, m.Host) {
			return &PortTakenError{Mapping: m, Held: c.Mapping, Holder: c.Holder.Owner}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return state.Put(tx, portTable, portKey(m), portClaim{Holder: h, Mapping: m})
}

func clash(a, b netip.Addr) bool {
	return a == b || a.IsUnspecified() || b.IsUnspecified()
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
