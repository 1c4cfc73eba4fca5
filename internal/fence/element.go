package fence

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// Set is a set of one of the two tables.
type Set uint8

// The sets there are. Their names stand in the state file.
const (
	MACs        Set = iota + 1 // link . MAC address that it may send from
	Senders4                   // link . MAC address . IPv4 address that it may send from
	Senders6                   // link . MAC address . IPv6 address that it may send from
	AnyAddress                 // links that may send from any address: layer 2 only
	Tagged                     // links that send tagged frames: trunks
	Bridges                    // our bridges
	Inner                      // bridge . the same bridge
	Closed                     // bridges that are reached from elsewhere by published ports only
	Internal                   // bridges without a way in or out
	Apart                      // bridge . the same bridge, whose ports don't reach each other
	Walled                     // bridges that other bridges of ours don't reach
	ValidOnly                  // bridges whose packets outside of any connection are dropped
	HostNone                   // bridges that don't reach the host
	HostGateway                // bridges that reach the host at their gateways only
	Gateways4                  // bridge . gateway
	Gateways6                  // bridge . gateway
	Unrouted4                  // links of the host that it does not route IPv4 between
	Unrouted6                  // links of the host that it does not route IPv6 between
)

var setNames = [...]string{"", "macs", "senders4", "senders6", "any_address", "tagged", "bridges", "inner", "closed", "internal",
	"apart", "walled", "valid_only", "host_none", "host_gateway", "gateways4", "gateways6",
	"unrouted4", "unrouted6"}

// String returns the set's name in the kernel.
func (s Set) String() string { return setNames[s] }

// MarshalText writes the set's name.
func (s Set) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a set's name.
func (s *Set) UnmarshalText(text []byte) error {
	for i, name := range setNames {
		if i > 0 && name == string(text) {
			*s = Set(i)
			return nil
		}
	}
	return fmt.Errorf("there is no set %q", text)
}

// MAC is an Ethernet address.
type MAC [6]byte

// MACOf takes the first six bytes of an address.
func MACOf(a net.HardwareAddr) (m MAC) {
	copy(m[:], a)
	return m
}

func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// MarshalText writes "02:00:00:00:00:01".
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (m *MAC) UnmarshalText(text []byte) error {
	a, err := net.ParseMAC(string(text))
	*m = MACOf(a)
	return err
}

// Element is an entry of a set. Fields that the set's key does not have are zero. It is
// comparable.
type Element struct {
	Set     Set        `json:"set"`
	Link    string     `json:"link"` // a port, or a bridge
	MAC     MAC        `json:"mac,omitzero"`
	Address netip.Addr `json:"address,omitzero"`
}

// String returns "senders4 veth0 . 02:00:00:00:00:01 . 10.1.0.2".
func (e Element) String() string {
	parts := []string{e.Link}
	if e.MAC != (MAC{}) {
		parts = append(parts, e.MAC.String())
	}
	if e.Address.IsValid() {
		parts = append(parts, e.Address.String())
	}
	return e.Set.String() + " " + strings.Join(parts, " . ")
}

// sorted returns the elements in one order, each once.
func sorted(list []Element) []Element {
	list = slices.Clone(list)
	sort.Slice(list, func(i, j int) bool { return list[i].String() < list[j].String() })
	return slices.Compact(list)
}

// ofHost reports whether the element is about the host itself, and everybody's.
func (e Element) ofHost() bool { return e.Set >= Unrouted4 }

// ofPort reports whether the element belongs to one attachment only.
func (e Element) ofPort() bool { return e.Set <= Tagged }
