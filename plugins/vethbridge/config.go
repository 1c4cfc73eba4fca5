package main

import (
	"net"
	"net/netip"

	"vethbridge/internal/cni"
	"vethbridge/internal/masquerade"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// Config is the plugin's config with every default applied and every field validated.
// Keys and meanings are those of the reference bridge plugin; the keys that it does not
// have are marked as new.
type Config struct {
	Bridge           string             // name of the bridge; default "cni0"
	IsGateway        bool               // the bridge carries the gateway address, the host forwards
	IsDefaultGateway bool               // IsGateway, and a default route in the container
	ForceAddress     bool               // other addresses of the bridge give way to the gateway's
	Leave            nat.Leave          // how traffic from the network to elsewhere leaves
	Backend          masquerade.Backend // that holds what Leave needs
	MTU              int                // of both ends and of a bridge made here; 0: of the default route's device
	Hairpin          bool               // the port sends frames back to where they came from
	Promiscuous      bool               // the bridge is promiscuous
	Isolated         bool               // the port exchanges no frames with other isolated ports
	DAD              bool               // duplicate address detection for IPv6 addresses
	Down             bool               // the container's interface stays down ("disableContainerInterface")
	Zone             string             // new: "firewalldZone" that the bridge is put into; empty: none
	AcceptForward    bool               // new: the bridge is let through where iptables drops what is forwarded; default true
	RemoveBridge     bool               // new: a bridge made here goes with its last attachment
	VLAN             VLAN
	Uplink           string // new: a link of the host that becomes a port of the bridge; may be empty
	MoveAddresses    bool   // new: the bridge takes over the uplink's addresses and routes
	MAC              net.HardwareAddr
	DNS              cni.DNS
	IPAM             IPAM
	Fence            Fence
}

// IPAM is where addresses come from.
type IPAM struct {
	Kind    IPAMKind
	Plugin  cni.IPAM     // of a delegated one
	BuiltIn ipam.Config  // of the built-in one
	Wanted  []netip.Addr // requested addresses, built-in only
	DNS     cni.DNS      // of the file "resolvConf", built-in only
}

// IPAMKind tells the sources of addresses apart.
type IPAMKind int

// The sources of addresses.
const (
	IPAMNone      IPAMKind = iota // layer 2 only
	IPAMBuiltIn                   // pkg/ipam
	IPAMDelegated                 // an IPAM plugin
)

// String names the source as it stands in messages.
func (k IPAMKind) String() string {
	return [...]string{"none", "built-in", "delegated"}[k]
}
