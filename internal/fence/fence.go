package fence

import (
	"fmt"
	"net/netip"

	"vethbridge/internal/attachment"
)

// Group is the device group of guarded ports (ip link show group 30306): "vb" in ASCII.
const Group = 'v'<<8 | 'b'

// Port is a guarded port and what it may send from. The zero Port is no guard.
type Port struct {
	Link string
	MAC  MAC
	// Addresses are the container's. A link-local one belongs to the MAC address where there
	// is any of IPv6.
	Addresses []netip.Addr
	// AnyAddress says that nobody has planned the addresses: only the MAC address is held.
	AnyAddress bool
	// Trunk says that it sends tagged frames, of which the MAC address alone is held.
	Trunk bool
}

// Elements are what the kernel shall hold for the port.
func (p Port) Elements() []Element {
	if p.Link == "" {
		return nil
	}
	list := []Element{{Set: MACs, Link: p.Link, MAC: p.MAC}}
	if p.AnyAddress {
		list = append(list, Element{Set: AnyAddress, Link: p.Link})
	}
	if p.Trunk {
		list = append(list, Element{Set: Tagged, Link: p.Link})
	}
	six := false
	for _, a := range p.Addresses {
		set := Senders4
		if a.Is6() {
			set, six = Senders6, true
		}
		list = append(list, Element{Set: set, Link: p.Link, MAC: p.MAC, Address: a})
	}
	if six {
		list = append(list, Element{Set: Senders6, Link: p.Link, MAC: p.MAC, Address: attachment.LinkLocal(p.MAC[:])})
	}
	return list
}

// Mode says how a network is reached from elsewhere.
type Mode uint8

// The modes there are.
const (
	NAT      Mode = iota // by published ports only
	Routed               // by its own addresses
	Isolated             // not at all, and it reaches nothing either, not even the host
)

var modes = [...]string{"nat", "routed", "isolated"}

// ParseMode reads a mode; the empty one is NAT.
func ParseMode(s string) (Mode, error) { return parse[Mode](modes[:], s) }

// String returns the mode's name in configs.
func (m Mode) String() string { return modes[m] }

// HostAccess says what of the host a network reaches.
type HostAccess uint8

// The kinds of access there are.
const (
	HostAll      HostAccess = iota // everything
	HostGateways                   // the network's gateway addresses
	HostNothing                    // nothing
)

var hostAccesses = [...]string{"all", "gateway", "none"}

// ParseHostAccess reads what may be reached; the empty one is HostAll.
func ParseHostAccess(s string) (HostAccess, error) { return parse[HostAccess](hostAccesses[:], s) }

// String returns the access's name in configs.
func (h HostAccess) String() string { return hostAccesses[h] }

// Isolation says what containers reach each other.
type Isolation uint8

// The kinds of isolation there are. Published ports stay reachable with each.
const (
	IsolateNothing Isolation = iota
	IsolatePorts             // not even those of the same network do
	IsolateNetwork           // those of other networks don't, in any mode
)

var isolations = [...]string{"none", "port", "network"}

// ParseIsolation reads a kind of isolation; the empty one is IsolateNothing.
func ParseIsolation(s string) (Isolation, error) { return parse[Isolation](isolations[:], s) }

// String returns the isolation's name in configs.
func (i Isolation) String() string { return isolations[i] }

func parse[T ~uint8](names []string, s string) (T, error) {
	for i, name := range names {
		if s == name || s == "" {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("must be one of %q", names)
}

// Network is the walls around the networks of a bridge. Where networks that share a bridge
// want different ones, the higher wall stands.
type Network struct {
	Bridge    string
	Mode      Mode
	Internal  bool // no way in or out, but to the host
	Isolation Isolation
	Host      HostAccess
	ValidOnly bool         // packets outside of any connection don't leave
	Gateways  []netip.Addr // what HostGateways opens
}

// Elements are what the kernel shall hold for the network.
func (n Network) Elements() []Element {
	var list []Element
	add := func(when bool, sets ...Set) {
		for _, s := range sets {
			if when {
				list = append(list, Element{Set: s, Link: n.Bridge})
			}
		}
	}
	closed := n.Mode != Routed && n.Bridge != ""
	internal := n.Internal || n.Mode == Isolated
	add(closed, Closed)
	add(internal, Internal)
	add(n.ValidOnly, ValidOnly)
	add(n.Isolation == IsolatePorts, Apart)
	add(n.Isolation == IsolateNetwork, Walled)
	add(n.Host == HostNothing || n.Mode == Isolated, HostNone)
	add(n.Host == HostGateways && n.Mode != Isolated, HostGateway)
	add(len(list) > 0, Inner)
	add(n.Bridge != "", Bridges)
	if n.Host == HostGateways {
		list = append(list, n.gateways()...)
	}
	return list
}

func (n Network) gateways() []Element {
	var list []Element
	for _, a := range n.Gateways {
		set := Gateways4
		if a.Is6() {
			set = Gateways6
		}
		list = append(list, Element{Set: set, Link: n.Bridge, Address: a})
	}
	return list
}
