package attachment

import (
	"fmt"
	"net/netip"
)

// Port is what the link of an attachment shall be at both ends, beyond its names and its MAC address. Zero values leave
// it open.
type Port struct {
	MTU       int            `json:"mtu,omitempty"`
	Group     int            `json:"group,omitempty"` // device group of the host's end, which is guarded then; 0 is the kernel's default
	Hairpin   bool           `json:"hairpin,omitempty"`
	Isolated  bool           `json:"isolated,omitempty"`
	Down      bool           `json:"down,omitempty"` // the container's end stays down
	VLANs     VLANs          `json:"vlans,omitzero"`
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	Routes    []Route        `json:"routes,omitempty"`
}

// VLANs are what a port of a bridge with VLAN filtering carries. The zero VLANs leaves the
// port in the bridge's default VLAN.
type VLANs struct {
	Native      int   `json:"native,omitempty"`      // frames without a tag are of this one; 0: none is said
	Trunk       []int `json:"trunk,omitempty"`       // with a tag
	KeepDefault bool  `json:"keepDefault,omitempty"` // the port also stays in the bridge's default VLAN
}

// Route is a route in the container. Zero fields leave the choice to the kernel.
type Route struct {
	Dst      netip.Prefix `json:"dst"`
	Gateway  netip.Addr   `json:"gateway,omitzero"`
	MTU      int          `json:"mtu,omitempty"`
	AdvMSS   int          `json:"advmss,omitempty"`
	Priority int          `json:"priority,omitempty"`
	Table    int          `json:"table,omitempty"`
	Scope    *int         `json:"scope,omitempty"` // an rtnetlink(7) number; nil: link for a route without gateway, universe for one with
}

// String returns "10.0.0.0/8 via 10.1.0.1".
func (r Route) String() string {
	if !r.Gateway.IsValid() {
		return r.Dst.String()
	}
	return fmt.Sprintf("%s via %s", r.Dst, r.Gateway)
}
