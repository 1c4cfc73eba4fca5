package trace

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

var bigEndian = binary.BigEndian

// Packet is what the headers say.
type Packet struct {
	Protocol uint8 // IANA protocol number
	From, To netip.AddrPort
}

// Known reports whether there were headers.
func (p Packet) Known() bool { return p.From.IsValid() }

// String returns "tcp 192.0.2.1:40000 -> 198.51.100.1:8080".
func (p Packet) String() string {
	name := fmt.Sprintf("protocol %d", p.Protocol)
	switch p.Protocol {
	case unix.IPPROTO_TCP:
		name = "tcp"
	case unix.IPPROTO_UDP:
		name = "udp"
	}
	return fmt.Sprintf("%s %s -> %s", name, p.From, p.To)
}

// parsePacket reads the headers of IPv4 or IPv6 (without extensions) and the ports behind them;
// of others it knows nothing.
func parsePacket(network, transport []byte) (p Packet) {
	const shortest4, shortest6 = 20, 40
	var from, to netip.Addr
	switch {
	case len(transport) < 4:
		return p
	case len(network) >= shortest4 && network[0]>>4 == 4:
		p.Protocol = network[9]
		from, _ = netip.AddrFromSlice(network[12:16])
		to, _ = netip.AddrFromSlice(network[16:20])
	case len(network) >= shortest6 && network[0]>>4 == 6:
		p.Protocol = network[6]
		from, _ = netip.AddrFromSlice(network[8:24])
		to, _ = netip.AddrFromSlice(network[24:40])
	default:
		return p
	}
	p.From = netip.AddrPortFrom(from, bigEndian.Uint16(transport))
	p.To = netip.AddrPortFrom(to, bigEndian.Uint16(transport[2:]))
	return p
}
