package links

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Has reports whether there is a link of that name.
func (h *Host) Has(name string) (bool, error) {
	_, err := h.raw.link(name)
	if isMissing(err) {
		return false, nil
	}
	return err == nil, err
}

// Holder returns the name of the link that has an address.
func (h *Host) Holder(addr netip.Addr) (string, error) {
	addrs, err := retry(func() ([]netlink.Addr, error) { return rare.AddrList(nil, family(addr)) })
	if err != nil {
		return "", failure.To("list addresses", err)
	}
	for _, a := range addrs {
		if prefixOf(a.IPNet).Addr() == addr {
			return h.NameOf(a.LinkIndex), nil
		}
	}
	return "", fmt.Errorf("find address %s: no link of the host has it", addr)
}

// RouteDevice returns the link by which the host reaches addr.
func (h *Host) RouteDevice(addr netip.Addr) (Link, error) {
	index, err := h.raw.wayTo(addr)
	if err != nil {
		return Link{}, failure.To("find route to "+addr.String(), err)
	}
	link, err := h.raw.linkAt(index)
	if err != nil {
		return Link{}, failure.To("find link of the route to "+addr.String(), err)
	}
	return linkOf(link), nil
}

// DefaultRouteMTU returns the MTU of the device of the IPv4 default route, or else of the
// IPv6 one; 0 if there is neither.
func (h *Host) DefaultRouteMTU() (int, error) {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		routes, err := h.defaultRoutes(family)
		if err != nil {
			return 0, err
		}
		for _, r := range routes {
			link, err := rare.LinkByIndex(r.link())
			if err == nil {
				return link.Attrs().MTU, nil
			}
		}
	}
	return 0, nil
}

// RouterAdvertisementDevices lists the devices with an IPv6 default route that a router
// advertised: the kernel drops it when forwarding is turned on, unless accept_ra is 2.
func (h *Host) RouterAdvertisementDevices() ([]string, error) {
	routes, err := h.defaultRoutes(unix.AF_INET6)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range routes {
		if r[routeProtocol] != unix.RTPROT_RA {
			continue
		}
		link, err := rare.LinkByIndex(r.link())
		if err != nil {
			return nil, failure.To("find link of the default route", err)
		}
		names = append(names, link.Attrs().Name)
	}
	return names, nil
}

func (h *Host) defaultRoutes(family int) ([]HeldRoute, error) {
	routes, err := h.raw.mainRoutes(family)
	if err != nil {
		return nil, failure.To("list default routes", err)
	}
	return slices.DeleteFunc(routes, func(r HeldRoute) bool { return r.dst().Bits() > 0 }), nil
}

// addresses lists the addresses of one link. The kernel chooses them: a list of all would
// grow with the links of the host.
func (h *Host) addresses(link netlink.Link) ([]netip.Prefix, error) {
	list, err := h.raw.addresses(link.Attrs().Index)
	if err != nil {
		return nil, failure.To("list addresses of "+link.Attrs().Name, err)
	}
	return list, nil
}
