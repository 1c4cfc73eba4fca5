package cni

import (
	"net"
	"net/netip"
)

// Result is what an ADD made: the shape of CNI spec 1.1.0. Older versions get from it
// what they can hold.
type Result struct {
	Interfaces []Interface
	Addresses  []Address
	Routes     []Route
	DNS        DNS

	received []byte // the JSON that it was read from
	passOn   bool   // print that JSON
}

// PassedOn returns the result unchanged, to be printed just as it came.
func (r Result) PassedOn() Result { r.passOn = true; return r }

// Interface is one link of the attachment.
type Interface struct {
	Name    string
	MAC     net.HardwareAddr
	MTU     int
	Sandbox string // path of the network namespace; empty for the host's
	// SocketPath and PCIID are passed on as other plugins gave them.
	SocketPath string
	PCIID      string
}

// NoInterface is the Address.Interface of an address that names no interface.
const NoInterface = -1

// Address is one address of the container.
type Address struct {
	Prefix    netip.Prefix // the address with its network's length
	Gateway   netip.Addr   // invalid if there is none
	Interface int          // index into Interfaces, or NoInterface
}

// Route is one route in the container. Zero values of the fields from MTU on mean that
// the result does not say.
type Route struct {
	Dst      netip.Prefix
	Gateway  netip.Addr // invalid for an on-link route
	MTU      int
	AdvMSS   int
	Priority int
	Table    *int // 0 is a table, so it can't mean absence
	Scope    *int // 0 is the universe scope, so it can't mean absence
}

// DNS is the resolver configuration, for the runtime to apply.
type DNS struct {
	Nameservers []string `json:"nameservers"`
	Domain      string   `json:"domain"`
	Search      []string `json:"search"`
	Options     []string `json:"options"`
}

// AddressesIn returns the addresses on interfaces in the namespace at path. Addresses
// that name no interface count, since versions before 0.3.0 have no interfaces.
func (r *Result) AddressesIn(path string) []netip.Prefix {
	var list []netip.Prefix
	for _, a := range r.Addresses {
		if a.Interface == NoInterface || r.Interfaces[a.Interface].Sandbox == path {
			list = append(list, a.Prefix)
		}
	}
	return list
}
