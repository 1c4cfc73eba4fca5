package listeners

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
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
	var list []Socket
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		messages, err := dump(family, protocol)
		// A kernel without IPv6, or without SCTP, has no such sockets.
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EAFNOSUPPORT) {
			continue
		}
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return nil, fmt.Errorf("list sockets: %w", err)
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

// sizeofRequest is that of struct inet_diag_req_v2, sizeofMessage of struct inet_diag_msg, and
// skV6Only is INET_DIAG_SKV6ONLY (uapi/linux/inet_diag.h).
const (
	sizeofRequest = 56
	sizeofMessage = 72
	skV6Only      = 11
)

type request struct {
	family, protocol uint8
	states           uint32
}

func (r request) Len() int { return sizeofRequest }

func (r request) Serialize() []byte {
	b := make([]byte, sizeofRequest)
	b[0], b[1] = r.family, r.protocol
	binary.NativeEndian.PutUint32(b[4:], r.states)
	return b
}

func dump(family, protocol uint8) ([][]byte, error) {
	state := uint32(1 << tcpListen)
	if protocol == unix.IPPROTO_UDP {
		state = 1 << tcpClose
	}
	req := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
	req.AddData(request{family, protocol, state})
	return req.Execute(unix.NETLINK_INET_DIAG, 0)
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
	list, err := nl.ParseRouteAttr(attributes)
	for _, a := range list {
		if err == nil && a.Attr.Type == skV6Only && len(a.Value) > 0 {
			return a.Value[0] == 1
		}
	}
	return false
}
