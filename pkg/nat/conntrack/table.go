package conntrack

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
	"vethbridge/pkg/nat"
)

// table is the kernel's table of tracked connections, by a socket of NETLINK_NETFILTER.
type table struct{ socket *nlsocket.Socket }

// request begins one about a family, which attributes may follow.
func request(operation, flags int, family uint8) []byte {
	return append(nlsocket.Begin(netlink.ConntrackTable<<8|operation, flags), family, nl.NFNETLINK_V0, 0, 0)
}

// about is a request with a filter.
func (f filter) about(operation, flags int) []byte {
	req := request(operation, flags, f.family)
	for _, a := range f.attributes() {
		req = append(req, a.Serialize()...)
	}
	return req
}

// entry is an entry of the table.
type entry struct {
	Connection
	family uint8
	raw    []byte // its attributes as the kernel sent them
}

// list returns the entries that f means and that match. The kernel may send more than f means,
// before 5.8 all of a family; those are not kept.
func (t table) list(f filter, matches func(*entry) bool) (list []*entry, err error) {
	err = t.socket.Each(f.about(nl.IPCTNL_MSG_CT_GET, unix.NLM_F_DUMP), func(message []byte) {
		if e := parse(message); e != nil && matches(e) {
			e.raw = slices.Clone(e.raw)
			list = append(list, e)
		}
	})
	// An interrupted dump lacks at most entries that began or ended meanwhile.
	if err != nil && !errors.Is(err, nlsocket.ErrInterrupted) {
		return nil, failure.To("list tracked connections", err)
	}
	return list, nil
}

// flush has the kernel drop what a filter means, and reports whether it did: Linux before 6.12 (the
// filter, ctnetlink_flush_conntrack) takes the incomplete tuple for a mistake.
func (t table) flush(f filter) (done bool, err error) {
	if f.attributes() == nil {
		return false, nil // without a tuple it would be taken for everything
	}
	_, err = t.socket.Ask(f.about(nl.IPCTNL_MSG_CT_DELETE, unix.NLM_F_ACK))
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
		return false, nil
	}
	if err != nil {
		return false, failure.To("flush tracked connections", err)
	}
	return true, nil
}

// remove ends one connection; the kernel finds it by the attributes that it sent.
func (t table) remove(e *entry) error {
	_, err := t.socket.Ask(append(request(nl.IPCTNL_MSG_CT_DELETE, unix.NLM_F_ACK, e.family), e.raw...))
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return failure.To("drop tracked connection to "+e.To.String(), err)
}

// parse reads a message; it returns nil for what has no addresses. What is no connection between
// ports has ports 0.
func parse(message []byte) *entry {
	if len(message) < nl.SizeofNfgenmsg {
		return nil
	}
	e := &entry{family: message[0], raw: message[nl.SizeofNfgenmsg:]}
	original := nested(e.raw, nl.CTA_TUPLE_ORIG)
	if protocol := nested(nested(original, nl.CTA_TUPLE_PROTO), nl.CTA_PROTO_NUM); len(protocol) == 1 {
		e.Protocol = nat.Protocol(protocol[0])
	}
	e.From, e.To = ends(e.family, original)
	e.AnswersFrom, e.AnswersTo = ends(e.family, nested(e.raw, nl.CTA_TUPLE_REPLY))
	if !e.To.IsValid() || !e.AnswersFrom.IsValid() {
		return nil
	}
	return e
}

// ends reads a tuple.
func ends(family uint8, tuple []byte) (from, to netip.AddrPort) {
	ip, ports := nested(tuple, nl.CTA_TUPLE_IP), nested(tuple, nl.CTA_TUPLE_PROTO)
	return end(nested(ip, source(family)), nested(ports, nl.CTA_PROTO_SRC_PORT)),
		end(nested(ip, destination(family)), nested(ports, nl.CTA_PROTO_DST_PORT))
}

func end(address, port []byte) netip.AddrPort {
	a, _ := netip.AddrFromSlice(address)
	if len(port) != 2 {
		return netip.AddrPortFrom(a, 0)
	}
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(port))
}

// nested returns the value of an attribute among others (struct nlattr, netlink(7)), nil if there is
// none. It copies nothing, since the kernel may send hundreds of thousands of entries.
func nested(attributes []byte, kind int) []byte {
	for len(attributes) >= unix.SizeofNlAttr {
		length := int(binary.NativeEndian.Uint16(attributes))
		if length < unix.SizeofNlAttr || length > len(attributes) {
			return nil
		}
		if int(binary.NativeEndian.Uint16(attributes[2:])&nl.NLA_TYPE_MASK) == kind {
			return attributes[unix.SizeofNlAttr:length]
		}
		attributes = attributes[min((length+unix.NLA_ALIGNTO-1)&^(unix.NLA_ALIGNTO-1), len(attributes)):]
	}
	return nil
}
