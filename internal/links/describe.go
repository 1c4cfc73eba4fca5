package links

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Description is a link as a person wants to see it.
type Description struct {
	MAC       net.HardwareAddr
	MTU       int
	Up        bool
	Carrier   bool // somebody is there at the other end; of a bridge, at that of a port
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
	link, err := rare.LinkByName(name)
	if err != nil {
		return d, failure.To("find link "+name, err)
	}
	a := link.Attrs()
	d.MAC, d.MTU, d.Up = a.HardwareAddr, a.MTU, a.Flags&net.FlagUp != 0
	d.Carrier = a.RawFlags&unix.IFF_LOWER_UP != 0
	if s := a.Statistics; s != nil {
		d.Received, d.Sent = Traffic{s.RxPackets, s.RxBytes, s.RxDropped}, Traffic{s.TxPackets, s.TxBytes, s.TxDropped}
	}
	if d.Addresses, err = h.addresses(link); err != nil {
		return d, err
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		routes, err := h.raw.mainRoutes(family)
		if err != nil {
			return d, failure.To("list routes of "+name, err)
		}
		for _, r := range routes {
			if r.link() == a.Index && r[routeProtocol] != unix.RTPROT_KERNEL {
				d.Routes = append(d.Routes, r.words())
			}
		}
	}
	return d, nil
}

// words returns "default via 10.1.0.1".
func (r HeldRoute) words() string {
	if r.dst().Bits() > 0 {
		return r.String()
	}
	return strings.Replace(r.String(), r.dst().String(), "default", 1)
}
