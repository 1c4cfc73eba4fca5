package cni

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/containernetworking/cni/pkg/types"
	types040 "github.com/containernetworking/cni/pkg/types/040"
	types100 "github.com/containernetworking/cni/pkg/types/100"

	"vethbridge/internal/failure"
)

func (r *Result) wire() *types100.Result {
	w := &types100.Result{CNIVersion: types100.ImplementedSpecVersion, DNS: types.DNS(r.DNS)}
	for _, i := range r.Interfaces {
		w.Interfaces = append(w.Interfaces, &types100.Interface{
			Name: i.Name, Mac: i.MAC.String(), Mtu: i.MTU, Sandbox: i.Sandbox, SocketPath: i.SocketPath, PciID: i.PCIID,
		})
	}
	for _, a := range r.Addresses {
		ip := &types100.IPConfig{Address: ipNet(a.Prefix), Gateway: ip(a.Gateway)}
		if a.Interface != NoInterface {
			ip.Interface = &a.Interface
		}
		w.IPs = append(w.IPs, ip)
	}
	for _, route := range r.Routes {
		w.Routes = append(w.Routes, &types.Route{
			Dst: ipNet(route.Dst), GW: ip(route.Gateway), MTU: route.MTU, AdvMSS: route.AdvMSS,
			Priority: route.Priority, Table: route.Table, Scope: route.Scope,
		})
	}
	return w
}

// errNull is for what the conversion of results would fall over.
var errNull = errors.New("an entry of interfaces or ips is null")

func resultFrom(from types.Result) (Result, error) {
	if hasNull(from) {
		return Result{}, errNull
	}
	w, err := types100.NewResultFromResult(from)
	if err != nil {
		return Result{}, err
	}
	r := Result{DNS: DNS(w.DNS)}
	for _, i := range w.Interfaces {
		mac, err := net.ParseMAC(i.Mac)
		if i.Mac != "" && err != nil {
			return Result{}, failure.To("interface "+strconv.Quote(i.Name), err)
		}
		r.Interfaces = append(r.Interfaces, Interface{
			Name: i.Name, MAC: mac, MTU: i.Mtu, Sandbox: i.Sandbox, SocketPath: i.SocketPath, PCIID: i.PciID,
		})
	}
	for _, ip := range w.IPs {
		a, err := addressFrom(ip, len(r.Interfaces))
		if err != nil {
			return Result{}, err
		}
		r.Addresses = append(r.Addresses, a)
	}
	for _, route := range w.Routes {
		if route != nil {
			r.Routes = append(r.Routes, routeFrom(route))
		}
	}
	return r, nil
}

func hasNull(r types.Result) bool {
	switch r := r.(type) {
	case *types040.Result:
		return slices.Contains(r.Interfaces, nil) || slices.Contains(r.IPs, nil)
	case *types100.Result:
		return slices.Contains(r.Interfaces, nil) || slices.Contains(r.IPs, nil)
	}
	return false
}

func addressFrom(w *types100.IPConfig, interfaces int) (Address, error) {
	a := Address{Prefix: prefix(w.Address), Gateway: addr(w.Gateway), Interface: NoInterface}
	if !a.Prefix.IsValid() {
		return Address{}, fmt.Errorf("address %q is not an address with a prefix length", w.Address.String())
	}
	if w.Interface != nil {
		if *w.Interface < 0 || *w.Interface >= interfaces {
			return Address{}, fmt.Errorf("address %s: there is no interface %d", a.Prefix, *w.Interface)
		}
		a.Interface = *w.Interface
	}
	return a, nil
}

func routeFrom(w *types.Route) Route {
	return Route{
		Dst: prefix(w.Dst), Gateway: addr(w.GW), MTU: w.MTU, AdvMSS: w.AdvMSS,
		Priority: w.Priority, Table: w.Table, Scope: w.Scope,
	}
}

func addr(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

func prefix(n net.IPNet) netip.Prefix {
	ones, bits := n.Mask.Size()
	a := addr(n.IP)
	if bits == 0 || !a.IsValid() || a.BitLen() != bits {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, ones)
}

func ip(a netip.Addr) net.IP {
	return net.IP(a.AsSlice())
}

func ipNet(p netip.Prefix) net.IPNet {
	return net.IPNet{IP: ip(p.Addr()), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
