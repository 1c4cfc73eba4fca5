package main

import (
	"net"
	"net/netip"

	"vethbridge/internal/attachment"
	"vethbridge/internal/cni"
	"vethbridge/internal/fence"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/pkg/nat"
)

// Assignment is what IPAM gives an attachment, built-in or delegated.
type Assignment struct {
	Addresses []Address
	Routes    []cni.Route
	DNS       cni.DNS
}

// Address is one address of the container and the gateway of its network, which is
// invalid if there is none.
type Address struct {
	Prefix  netip.Prefix
	Gateway netip.Addr
}

// Plan is what an attachment is: a plain value that follows from config and assignment
// alone. ADD applies it, CHECK compares it with the kernel.
type Plan struct {
	Owner        attachment.Owner
	Bridge       links.Bridge
	Port         links.Port // without the namespace, which is a thing of the running kernel
	Forward      host.Families
	Translations nat.Translations
	Fence        []fence.Element
	DNS          cni.DNS
	Assignment   Assignment
}

func newPlan(cfg *Config, owner attachment.Owner, a *Assignment) Plan {
	routes := planRoutes(cfg, a)
	p := Plan{Owner: owner, Assignment: *a, DNS: planDNS(cfg, a)}
	p.Bridge = links.Bridge{
		Name: cfg.Bridge, MTU: cfg.MTU, Promisc: cfg.Promiscuous, ForceAddress: cfg.ForceAddress,
		Uplink: cfg.Uplink, VLANFiltering: cfg.VLAN.Filtering, VLAN: cfg.VLAN.Gateway,
		Exclusive: cfg.IPAM.Kind == IPAMBuiltIn && !cfg.IPAM.BuiltIn.AllowOverlap,
	}
	p.Port = links.Port{
		Port:     attachment.Port{MTU: cfg.MTU, Hairpin: cfg.Hairpin, Isolated: cfg.Isolated, Down: cfg.Down, VLANs: cfg.VLAN.Port, Routes: routes},
		HostName: owner.HostLink(), Mark: owner.Mark(), Bridge: cfg.Bridge, ContainerName: owner.IfName,
		MAC: cfg.MAC, DAD: cfg.DAD, HostSide: p.Bridge.GatewayName(),
	}
	for _, address := range a.Addresses {
		p.addAddress(cfg, address)
	}
	p.Translations = cfg.Leave.Translations(p.Port.Addresses)
	if p.Port.MAC == nil {
		p.Port.MAC = planMAC(cfg, owner, a)
	}
	p.planFence(cfg.Fence, &cfg.IPAM)
	return p
}

// planMAC follows from the address, so that neighbours which remember an address are right
// whoever has it now; or from the owner, where the link is made before there is an address.
func planMAC(cfg *Config, owner attachment.Owner, a *Assignment) net.HardwareAddr {
	if cfg.IPAM.Kind == IPAMBuiltIn && len(a.Addresses) > 0 {
		return links.StableMAC(a.Addresses[0].Prefix.Addr())
	}
	return links.DerivedMAC(owner.String())
}

func (p *Plan) addAddress(cfg *Config, a Address) {
	p.Port.Addresses = append(p.Port.Addresses, a.Prefix)
	if a.Prefix.Addr().Is6() {
		p.Bridge.IPv6 = true
	}
	if cfg.IsGateway && a.Gateway.IsValid() {
		p.Bridge.Gateways = append(p.Bridge.Gateways, netip.PrefixFrom(a.Gateway, a.Prefix.Bits()))
	}
	if cfg.IsGateway && !cfg.Fence.cutOff() {
		p.Forward = p.Forward.With(a.Prefix.Addr())
		p.Bridge.Forward4 = p.Forward.V4 && p.Bridge.VLAN == 0
	}
}

// planRoutes are the routes of IPAM, each with its family's gateway where it names none,
// and the default routes that isDefaultGateway asks for where IPAM has none.
func planRoutes(cfg *Config, a *Assignment) []links.Route {
	var routes []links.Route
	hasDefault := map[bool]bool{}
	for _, r := range a.Routes {
		is6 := r.Dst.Addr().Is6()
		hasDefault[is6] = hasDefault[is6] || r.Dst.Bits() == 0
		if !r.Gateway.IsValid() && r.Scope == nil {
			r.Gateway = a.gateway(is6)
		}
		routes = append(routes, planRoute(r))
	}
	if !cfg.IsDefaultGateway || cfg.Fence.cutOff() {
		return routes
	}
	for _, is6 := range []bool{false, true} {
		if gw := a.gateway(is6); gw.IsValid() && !hasDefault[is6] {
			routes = append(routes, links.Route{Dst: netip.PrefixFrom(unspecified(is6), 0), Gateway: gw})
		}
	}
	return routes
}

func planRoute(r cni.Route) links.Route {
	route := links.Route{Dst: r.Dst, Gateway: r.Gateway, MTU: r.MTU, AdvMSS: r.AdvMSS, Priority: r.Priority, Scope: r.Scope}
	if r.Table != nil {
		route.Table = *r.Table
	}
	return route
}

func unspecified(is6 bool) netip.Addr {
	if is6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

func (a Assignment) gateway(is6 bool) netip.Addr {
	for _, address := range a.Addresses {
		if address.Gateway.IsValid() && address.Gateway.Is6() == is6 {
			return address.Gateway
		}
	}
	return netip.Addr{}
}

// planDNS prefers what the network's config says to what IPAM says, key by key as a
// whole, as the reference plugin does.
func planDNS(cfg *Config, a *Assignment) cni.DNS {
	if d := cfg.DNS; len(d.Nameservers)+len(d.Search)+len(d.Options) > 0 || d.Domain != "" {
		return d
	}
	return a.DNS
}

// result is what ADD reports, with what only the kernel knows: the links as made.
func (p *Plan) result(bridge, hostEnd, container links.Link, sandbox string) cni.Result {
	r := cni.Result{
		Interfaces: []cni.Interface{
			{Name: bridge.Name, MAC: bridge.MAC, MTU: bridge.MTU},
			{Name: hostEnd.Name, MAC: hostEnd.MAC, MTU: hostEnd.MTU},
			{Name: container.Name, MAC: container.MAC, MTU: container.MTU, Sandbox: sandbox},
		},
		DNS: p.DNS,
	}
	const containerIndex = 2
	for _, a := range p.Assignment.Addresses {
		r.Addresses = append(r.Addresses, cni.Address{Prefix: a.Prefix, Gateway: a.Gateway, Interface: containerIndex})
	}
	for _, route := range p.Port.Routes {
		r.Routes = append(r.Routes, resultRoute(route))
	}
	return r
}

func resultRoute(route links.Route) cni.Route {
	r := cni.Route{Dst: route.Dst, Gateway: route.Gateway, MTU: route.MTU, AdvMSS: route.AdvMSS, Priority: route.Priority, Scope: route.Scope}
	if route.Table != 0 {
		r.Table = &route.Table
	}
	return r
}
