package links

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Announce tells the host and the neighbours on the bridge where the port's addresses are
// now: what the host remembers of a former holder is removed, and gratuitous ARP (RFC 5227,
// section 3) and unsolicited neighbour advertisements (RFC 4861, section 7.2.6) are sent.
func (h *Host) Announce(_ context.Context, p Port) error {
	if p.Down || len(p.Addresses) == 0 {
		return nil
	}
	if err := h.forgetNeighbours(p); err != nil {
		return err
	}
	nl, link, err := inside(p)
	if err != nil {
		return err
	}
	nl.Close()
	return p.Netns.Do(func() error { return announce(link.Attrs(), p.Addresses) })
}

func (h *Host) forgetNeighbours(p Port) error {
	bridge, err := h.nl.LinkByName(p.Bridge)
	if err != nil {
		return fmt.Errorf("find bridge %s: %w", p.Bridge, err)
	}
	for _, a := range p.Addresses {
		neigh := &netlink.Neigh{LinkIndex: bridge.Attrs().Index, IP: a.Addr().AsSlice(), Family: family(a.Addr())}
		if err := h.nl.NeighDel(neigh); err != nil && err != unix.ENOENT {
			return fmt.Errorf("forget neighbour %s on %s: %w", a.Addr(), p.Bridge, err)
		}
	}
	return nil
}

// announce sends from the calling thread's namespace.
func announce(link *netlink.LinkAttrs, addresses []netip.Prefix) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	defer unix.Close(fd)
	for _, a := range addresses {
		frame := gratuitousARP(link.HardwareAddr, a.Addr())
		if a.Addr().Is6() {
			frame = neighbourAdvertisement(link.HardwareAddr, a.Addr())
		}
		to := &unix.SockaddrLinklayer{Ifindex: link.Index, Halen: 6}
		if err := unix.Sendto(fd, frame, 0, to); err != nil {
			return fmt.Errorf("announce %s: %w", a.Addr(), err)
		}
	}
	return nil
}

func gratuitousARP(mac net.HardwareAddr, addr netip.Addr) []byte {
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, mac...)
	frame = append(frame, 0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1) // Ethernet, IPv4, request (RFC 826)
	frame = append(append(frame, mac...), addr.AsSlice()...)
	return append(append(frame, make([]byte, 6)...), addr.AsSlice()...)
}

// neighbourAdvertisement goes to all nodes (ff02::1) with the override flag and the target's
// link-layer address.
func neighbourAdvertisement(mac net.HardwareAddr, addr netip.Addr) []byte {
	allNodes := netip.MustParseAddr("ff02::1")
	body := append([]byte{136, 0, 0, 0, 0x20, 0, 0, 0}, addr.AsSlice()...)
	body = append(append(body, 2, 1), mac...)
	binary.BigEndian.PutUint16(body[2:], checksum(addr, allNodes, body))
	frame := append([]byte{0x33, 0x33, 0, 0, 0, 1}, mac...)
	frame = append(frame, 0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(len(body)), 58, 255)
	frame = append(append(frame, addr.AsSlice()...), allNodes.AsSlice()...)
	return append(frame, body...)
}

// checksum is that of ICMPv6, over the pseudo-header of RFC 8200, section 8.1.
func checksum(from, to netip.Addr, body []byte) uint16 {
	data := append(append(from.AsSlice(), to.AsSlice()...), 0, 0, 0, byte(len(body)), 0, 0, 0, 58)
	data = append(data, body...)
	var sum uint32
	for i := 0; i+1 < len(data); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(data[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
