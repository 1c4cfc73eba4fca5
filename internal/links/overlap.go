package links

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// OverlapError says that a network of ours overlaps one that the host reaches otherwise.
type OverlapError struct {
	Network netip.Prefix
	What    string // "address 10.1.0.5/16" or "route 10.0.0.0/8"
	Link    string
}

func (e *OverlapError) Error() string {
	return fmt.Sprintf("network %s overlaps %s of %s", e.Network, e.What, e.Link)
}

// refuseOverlap looks for addresses and routes of links other than the bridge and its uplink
// that overlap a network. The
// default routes overlap everything, and don't count.
func (h *Host) refuseOverlap(network netip.Prefix, b *Bridge) error {
	own := h.indexes(b.Name, b.GatewayName(), b.Uplink)
	addrs, err := retry(func() ([]netlink.Addr, error) { return rare.AddrList(nil, family(network.Addr())) })
	if err != nil {
		return failure.To("list addresses", err)
	}
	for _, a := range addrs {
		if p := prefixOf(a.IPNet); !own[a.LinkIndex] && p.Overlaps(network) && !isTunnelEnd(p, network) {
			return &OverlapError{network, "address " + p.String(), h.NameOf(a.LinkIndex)}
		}
	}
	routes, err := h.raw.mainRoutes(family(network.Addr()))
	if err != nil {
		return failure.To("list routes", err)
	}
	for _, r := range routes {
		p := r.dst()
		if p.Bits() > 0 && p.Overlaps(network) && !own[r.link()] && r[routeType] == unix.RTN_UNICAST {
			return &OverlapError{network, "route " + p.String(), h.NameOf(r.link())}
		}
	}
	return nil
}

// isTunnelEnd reports whether an address alone is the first of a network, which no container
// and no gateway gets: flannel's vxlan link has that one of the host's own subnet.
func isTunnelEnd(p, network netip.Prefix) bool {
	return p.IsSingleIP() && !network.IsSingleIP() && p.Addr() == network.Masked().Addr()
}

// indexes are those of the named links, as far as they are there.
func (h *Host) indexes(names ...string) map[int]bool {
	set := map[int]bool{}
	for _, name := range names {
		if link, err := rare.LinkByName(name); name != "" && err == nil {
			set[link.Attrs().Index] = true
		}
	}
	return set
}

// NameOf returns the name of the link with an index, or words for it if there is none.
func (h *Host) NameOf(index int) string {
	link, err := rare.LinkByIndex(index)
	if err != nil {
		return fmt.Sprintf("link %d", index)
	}
	return link.Attrs().Name
}
