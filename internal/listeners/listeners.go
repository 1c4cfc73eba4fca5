package listeners

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

// Socket is one that waits for clients in the namespace of the calling thread.
type Socket struct {
	Protocol uint8 // IANA protocol number: TCP, UDP or SCTP
	Local    netip.AddrPort
	// Dual says that an IPv6 socket on all addresses takes IPv4 clients too.
	Dual  bool
	Inode uint32
}

// Takes reports whether the socket gets what is sent to a port of an address of the host; the
// unspecified address stands for all of its family.
func (s Socket) Takes(protocol uint8, to netip.AddrPort) bool {
	if s.Protocol != protocol || s.Local.Port() != to.Port() {
		return false
	}
	own, addr := s.Local.Addr(), to.Addr()
	if own.Is4() != addr.Is4() {
		return s.Dual && addr.Is4()
	}
	return own.IsUnspecified() || addr.IsUnspecified() || own == addr
}

// List returns all sockets of a protocol that wait for clients: listening TCP and SCTP sockets,
// UDP sockets that are bound and not connected. It needs one dump for each family, of those only.
func List(protocol uint8) ([]Socket, error) {
	socket, err := nlsocket.Open(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, failure.To("list sockets", err)
	}
	defer socket.Close()
	var list []Socket
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		messages, err := socket.Ask(request(family, protocol))
		// A kernel without IPv6, or without SCTP, has no such sockets.
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EAFNOSUPPORT) {
			continue
		}
		if err != nil && !errors.Is(err, nlsocket.ErrInterrupted) {
			return nil, failure.To("list sockets", err)
		}
		for _, m := range messages {
			if s, ok := parse(protocol, m); ok {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// States of sockets as sock_diag names them (net/tcp_states.h): an unconnected UDP socket is
// in the state CLOSE.
const (
	tcpClose  = 7
	tcpListen = 10
)

// sizeofMessage is that of struct inet_diag_msg, and skV6Only is INET_DIAG_SKV6ONLY (uapi/linux/inet_diag.h),
// which byFamily is of uapi/linux/sock_diag.h: SOCK_DIAG_BY_FAMILY.
const (
	byFamily      = 20
	sizeofMessage = 72
	skV6Only      = 11
)

// request is for all sockets of a protocol that wait for clients: struct inet_diag_req_v2.
func request(family, protocol uint8) []byte {
	states := uint32(1 << tcpListen)
	if protocol == unix.IPPROTO_UDP {
		states = 1 << tcpClose
	}
	b := append(nlsocket.Begin(byFamily, unix.NLM_F_DUMP), family, protocol, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, states)
	return append(b, make([]byte, 48)...) // struct inet_diag_sockid: of any
}

func parse(protocol uint8, m []byte) (Socket, bool) {
	if len(m) < sizeofMessage {
		return Socket{}, false
	}
	size := 4
	if m[0] == unix.AF_INET6 {
		size = 16
	}
	address, _ := netip.AddrFromSlice(m[8 : 8+size])
	s := Socket{
		Protocol: protocol, Local: netip.AddrPortFrom(address.Unmap(), binary.BigEndian.Uint16(m[4:])),
		Inode: binary.NativeEndian.Uint32(m[68:]),
	}
	s.Dual = address.Is6() && address.IsUnspecified() && !v6Only(m[sizeofMessage:])
	return s, s.Local.Port() != 0
}

func v6Only(attributes []byte) bool {
	value, ok := nlsocket.Attribute(attributes, skV6Only)
	return ok && len(value) > 0 && value[0] == 1
}
