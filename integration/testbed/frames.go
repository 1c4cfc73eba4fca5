package testbed

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Frame is an Ethernet frame without its check sequence.
type Frame []byte

// Ether makes a frame.
func Ether(to, from net.HardwareAddr, etherType uint16, payload []byte) Frame {
	return Frame(slices.Concat(to, from, binary.BigEndian.AppendUint16(nil, etherType), payload))
}

// ARP makes the body of a request (1) or reply (2) of RFC 826.
func ARP(operation uint16, mac net.HardwareAddr, sender, target netip.Addr) []byte {
	return slices.Concat([]byte{0, 1, 8, 0, 6, 4}, binary.BigEndian.AppendUint16(nil, operation),
		mac, sender.AsSlice(), make([]byte, 6), target.AsSlice())
}

// UDP makes a packet of either family.
func UDP(from, to netip.AddrPort, payload string) []byte {
	head := binary.BigEndian.AppendUint16(nil, from.Port())
	head = binary.BigEndian.AppendUint16(head, to.Port())
	head = binary.BigEndian.AppendUint16(head, uint16(8+len(payload)))
	segment := append(append(head, 0, 0), payload...)
	if from.Addr().Is4() {
		return IPv4(unix.IPPROTO_UDP, from.Addr(), to.Addr(), segment)
	}
	// The checksum is a must (RFC 8200, section 8.1): over addresses, length and protocol too.
	sum := slices.Concat(from.Addr().AsSlice(), to.Addr().AsSlice(), []byte{0, 0, 0, byte(len(segment)), 0, 0, 0, unix.IPPROTO_UDP}, segment)
	if len(sum)%2 == 1 {
		sum = append(sum, 0)
	}
	binary.BigEndian.PutUint16(segment[6:], checksum(sum))
	return IPv6(unix.IPPROTO_UDP, from.Addr(), to.Addr(), segment)
}

// IPv4 makes a packet with the checksum of RFC 791, which br_netfilter looks at.
func IPv4(protocol byte, from, to netip.Addr, payload []byte) []byte {
	head := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(20+len(payload)))
	head = append(append(head, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(head[10:], checksum(head))
	return append(head, payload...)
}

// IPv4Fragment makes a piece of a packet from what RFC 791 has in one field: flags, and the offset in units of 8 bytes.
func IPv4Fragment(protocol byte, from, to netip.Addr, place uint16, payload []byte) []byte {
	packet := IPv4(protocol, from, to, payload)
	binary.BigEndian.PutUint16(packet[6:], place)
	packet[10], packet[11] = 0, 0
	binary.BigEndian.PutUint16(packet[10:], checksum(packet[:20]))
	return packet
}

// IPv6Fragments cuts what follows the header of an IPv6 packet behind so many bytes (RFC 8200, section 4.5).
func IPv6Fragments(packet []byte, cut int) (first, later []byte) {
	from, to := netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))
	piece := func(place byte, payload []byte) []byte {
		return IPv6(unix.IPPROTO_FRAGMENT, from, to, append([]byte{packet[6], 0, 0, place, 0, 0, 0, byte(cut)}, payload...))
	}
	return piece(1, packet[40:40+cut]), piece(byte(cut), packet[40+cut:])
}

// BehindOptions puts 16 bytes of an option for the destination, one to be skipped by who does not know it, ahead of what an IPv6 packet
// carries (RFC 8200, section 4.6).
func BehindOptions(packet []byte) []byte {
	options := slices.Concat([]byte{packet[6], 1, 0x1e, 12}, make([]byte, 12))
	from, to := netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))
	return IPv6(unix.IPPROTO_DSTOPTS, from, to, append(options, packet[40:]...))
}

// ICMPv4 makes a packet (RFC 792) whose body has an even number of bytes.
func ICMPv4(kind, code byte, from, to netip.Addr, body []byte) []byte {
	return IPv4(unix.IPPROTO_ICMP, from, to, Checksummed(append([]byte{kind, code, 0, 0}, body...)))
}

// Checksummed writes the checksum of a message of ICMP's kind, IGMP and PIM among them, where it belongs.
func Checksummed(message []byte) []byte {
	binary.BigEndian.PutUint16(message[2:], checksum(message))
	return message
}

// checksum is that of RFC 1071 over an even number of bytes.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// IPv6 makes a packet with the hop limit of neighbour discovery (RFC 4861).
func IPv6(nextHeader byte, from, to netip.Addr, payload []byte) []byte {
	head := []byte{0x60, 0, 0, 0, 0, 0, nextHeader, 255}
	binary.BigEndian.PutUint16(head[4:], uint16(len(payload)))
	return slices.Concat(head, from.AsSlice(), to.AsSlice(), payload)
}

// ICMPv6 makes a message of neighbour discovery about a target.
func ICMPv6(kind byte, from, to, target netip.Addr) []byte {
	return IPv6(unix.IPPROTO_ICMPV6, from, to, discovery(kind, from, to, target))
}

// HiddenICMPv6 is ICMPv6 behind an extension header that says nothing (RFC 8200, section 4.3).
func HiddenICMPv6(kind byte, from, to, target netip.Addr) []byte {
	hopByHop := []byte{unix.IPPROTO_ICMPV6, 0, 1, 4, 0, 0, 0, 0}
	return IPv6(unix.IPPROTO_HOPOPTS, from, to, append(hopByHop, discovery(kind, from, to, target)...))
}

// discovery has a checksum (RFC 4443, section 2.3): a bridge drops what it takes for a broken
// message of a multicast listener.
func discovery(kind byte, from, to, target netip.Addr) []byte {
	message := slices.Concat([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, target.AsSlice(), make([]byte, 16))
	pseudo := slices.Concat(from.AsSlice(), to.AsSlice(), []byte{0, 0, 0, byte(len(message)), 0, 0, 0, unix.IPPROTO_ICMPV6})
	binary.BigEndian.PutUint16(message[2:], checksum(append(pseudo, message...)))
	return message
}

// Arriving sends frames from a device in one namespace and tells which of them another device
// in another namespace has seen. It waits for the last one, which is sent by a good sender and is none of them.
func (h *Host) Arriving(from, fromDev, to, toDev string, frames []Frame, last Frame) []bool {
	h.t.Helper()
	seen := h.sniff(from, fromDev, to, toDev, frames, last)
	arrived := make([]bool, len(frames))
	for i, f := range frames {
		arrived[i] = slices.ContainsFunc(seen, func(s []byte) bool { return bytes.Equal(s, f) })
	}
	return arrived
}

// sniff returns all that the device sees while the frames are sent, until it has seen last. That one is sent
// until then: a processor that has no time drops frames. All are sent by one processor, on which they can't
// overtake each other: each has a queue of its own.
func (h *Host) sniff(from, fromDev, to, toDev string, frames []Frame, last Frame) (seen [][]byte) {
	h.t.Helper()
	sniffer := h.packetSocket(to, toDev)
	sender := h.packetSocket(from, fromDev)
	defer unix.Close(sender)
	heard := make(chan [][]byte)
	go func() {
		defer unix.Close(sniffer)
		heard <- listen(sniffer, last)
	}()
	defer h.onOneProcessor()()
	h.write(sender, frames...)
	for {
		h.write(sender, last)
		select {
		case seen = <-heard:
			if len(seen) == 0 || !bytes.Equal(seen[len(seen)-1], last) {
				h.t.Errorf("%s does not hear the last frame", toDev)
			}
			return seen
		case <-time.After(silence):
		}
	}
}

// listen reads frames until the last one has come, or until its patience ends.
func listen(sniffer int, last Frame) (seen [][]byte) {
	buffer := make([]byte, 2048)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, _, err := unix.Recvfrom(sniffer, buffer, 0)
		if err != nil {
			continue
		}
		seen = append(seen, slices.Clone(buffer[:n]))
		if bytes.Equal(buffer[:n], last) {
			break
		}
	}
	return seen
}

// onOneProcessor keeps the calling thread, which is the test's own, on one processor until the end.
func (h *Host) onOneProcessor() (end func()) {
	h.t.Helper()
	var all, one unix.CPUSet
	err := unix.SchedGetaffinity(0, &all)
	for i := 0; err == nil && one.Count() == 0; i++ {
		if all.IsSet(i) {
			one.Set(i)
		}
	}
	if err == nil {
		err = unix.SchedSetaffinity(0, &one)
	}
	if err != nil {
		h.t.Fatalf("stay on one processor: %v", err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &all) }
}

func (h *Host) write(fd int, frames ...Frame) {
	h.t.Helper()
	for _, f := range frames {
		if _, err := unix.Write(fd, f); err != nil {
			h.t.Errorf("send frame: %v", err)
		}
	}
}

// Flood sends copies of a frame from a device in one namespace and returns how many of them
// another device in another namespace has seen before the last frame.
func (h *Host) Flood(from, fromDev, to, toDev string, frame, last Frame, copies int) (seen int) {
	h.t.Helper()
	frames := make([]Frame, copies)
	for i := range frames {
		frames[i] = frame
	}
	for _, s := range h.sniff(from, fromDev, to, toDev, frames, last) {
		if bytes.Equal(s, frame) {
			seen++
		}
	}
	return seen
}

// Send sends frames from a device in a namespace.
func (h *Host) Send(path, dev string, frames ...Frame) {
	h.t.Helper()
	fd := h.packetSocket(path, dev)
	defer unix.Close(fd)
	h.write(fd, frames...)
}

// packetSocket is a socket for whole frames (packet(7)) on a device.
func (h *Host) packetSocket(path, dev string) (fd int) {
	h.t.Helper()
	err := h.In(path, func() error {
		link, err := net.InterfaceByName(dev)
		if err != nil {
			return err
		}
		all := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(all)); err != nil {
			return err
		}
		// The reader may have to wait for a processor while thousands of frames arrive.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20); err != nil {
			return err
		}
		limit := unix.NsecToTimeval(int64(50 * time.Millisecond))
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index})
	})
	if err != nil {
		h.t.Fatalf("open packet socket on %s: %v", dev, err)
	}
	return fd
}
