package links

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Description is a link as a person wants to see it.
type Description struct {
	MAC       net.HardwareAddr
	MTU       int
	Up        bool
	Addresses []netip.Prefix
	Routes    []string // by this link, as "default via 10.1.0.1"; those that the kernel keeps for itself are left out
	// What the link has received and sent.
	Received, Sent Traffic
}

// Traffic is what went by a link in one direction.
type Traffic struct{ Packets, Bytes, Dropped uint64 }

// String returns "12 packets, 840 bytes", and what was dropped.
func (t Traffic) String() string {
	text := fmt.Sprintf("%d packets, %d bytes", t.Packets, t.Bytes)
	if t.Dropped > 0 {
		text += fmt.Sprintf(", %d dropped", t.Dropped)
	}
	return text
}

// Describe reads a link.
func (h *Host) Describe(name string) (d Description, err error) {
	link, err := h.nl.LinkByName(name)
	if err != nil {
		return d, fmt.Errorf("find link %s: %w", name, err)
	}
	a := link.Attrs()
	d.MAC, d.MTU, d.Up = a.HardwareAddr, a.MTU, a.Flags&net.FlagUp != 0
	if s := a.Statistics; s != nil {
		d.Received, d.Sent = Traffic{s.RxPackets, s.RxBytes, s.RxDropped}, Traffic{s.TxPackets, s.TxBytes, s.TxDropped}
	}
	if d.Addresses, err = h.addresses(link); err != nil {
		return d, err
	}
	routes, err := retry(func() ([]netlink.Route, error) { return h.nl.RouteList(link, netlink.FAMILY_ALL) })
	for _, r := range routes {
		if r.Protocol != unix.RTPROT_KERNEL {
			d.Routes = append(d.Routes, routeWords(r))
		}
	}
	return d, err
}

func routeWords(r netlink.Route) string {
	text := "default"
	if r.Dst != nil && !r.Dst.IP.IsUnspecified() {
		text = r.Dst.String()
	}
	if r.Gw != nil {
		text += " via " + r.Gw.String()
	}
	return text
}
