package main

import (
	"net/netip"

	"vethbridge/internal/cni"
	"vethbridge/internal/fence"
	"vethbridge/internal/links"
)

// rawFence holds the keys about what containers may send and who reaches them.
type rawFence struct {
	SpoofGuard    *bool  `json:"spoofGuard"`
	MACSpoofCheck bool   `json:"macspoofchk"`
	Mode          string `json:"mode"`
	Internal      bool   `json:"internal"`
	Isolation     string `json:"isolation"`
	HostAccess    string `json:"hostAccess"`
	DropInvalid   *bool  `json:"dropInvalid"`
}

// Fence is what a container may send, and who reaches it.
type Fence struct {
	Guard   bool          // it sends from its own addresses only
	MACOnly bool          // it sends from its own MAC address only
	Walls   fence.Network // without the bridge and its gateways
}

func (raw rawFence) fence(ipMasq bool) (Fence, error) {
	mode, err := fence.ParseMode(raw.Mode)
	if err != nil {
		return Fence{}, cni.InvalidConfig("mode", raw.Mode, err.Error())
	}
	isolation, err := fence.ParseIsolation(raw.Isolation)
	if err != nil {
		return Fence{}, cni.InvalidConfig("isolation", raw.Isolation, err.Error())
	}
	access, err := fence.ParseHostAccess(raw.HostAccess)
	if err != nil {
		return Fence{}, cni.InvalidConfig("hostAccess", raw.HostAccess, err.Error())
	}
	f := Fence{Walls: fence.Network{
		Mode: mode, Internal: raw.Internal, Isolation: isolation, Host: access,
		ValidOnly: mode == fence.NAT && isTrue(raw.DropInvalid),
	}}
	f.Guard = isTrue(raw.SpoofGuard)
	f.MACOnly = !f.Guard && raw.MACSpoofCheck
	if f.cutOff() && ipMasq {
		return Fence{}, cni.InvalidConfig("ipMasq", true, "cannot be combined with a network that has no way out")
	}
	return f, nil
}

// isTrue is for keys that are on unless they are turned off.
func isTrue(key *bool) bool { return key == nil || *key }

// cutOff reports whether the network has no way in or out.
func (f Fence) cutOff() bool { return f.Walls.Internal || f.Walls.Mode == fence.Isolated }

// planFence adds what follows from the port and its addresses.
func (p *Plan) planFence(f Fence, ipam *IPAM) {
	guarded := f.Guard || f.MACOnly
	var port fence.Port
	if guarded {
		p.Port.Group = fence.Group
		port = fence.Port{Link: p.Port.HostName, MAC: fence.MACOf(p.Port.MAC), AnyAddress: f.MACOnly || ipam.Kind == IPAMNone}
		port.Trunk = len(p.Port.VLANs.Trunk) > 0
		port.Addresses = addressesOf(&p.Port)
	}
	walls := f.Walls
	walls.Bridge = p.Bridge.GatewayName()
	for _, gateway := range p.Bridge.Gateways {
		walls.Gateways = append(walls.Gateways, gateway.Addr())
	}
	p.Fence = append(port.Elements(), walls.Elements()...)
}

func addressesOf(p *links.Port) []netip.Addr {
	list := make([]netip.Addr, 0, len(p.Addresses))
	for _, a := range p.Addresses {
		list = append(list, a.Addr())
	}
	return list
}
