package links

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// DefaultRouteDevices lists the devices by which the host reaches everything else, each once.
// A default route with several next hops has no device of its own and is left out.
func (h *Host) DefaultRouteDevices() ([]string, error) {
	var names []string
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		routes, err := h.defaultRoutes(family)
		if err != nil {
			return nil, err
		}
		for _, r := range routes {
			if name := h.NameOf(r.link()); r.link() != 0 && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// Addresses lists the addresses of a link, without link-local IPv6 ones; none if the link is
// missing.
func (h *Host) Addresses(name string) ([]netip.Prefix, error) {
	link, err := rare.LinkByName(name)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failure.To("find link "+name, err)
	}
	list, err := h.addresses(link)
	return slices.DeleteFunc(list, func(p netip.Prefix) bool { return linkLocal6(p.Addr()) }), err
}
