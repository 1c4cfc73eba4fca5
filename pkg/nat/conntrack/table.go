package conntrack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

// The kernel-side filter of a dump (uapi/linux/netfilter/nfnetlink_conntrack.h and, for the
// flags, net/netfilter/nf_internals.h).
const (
	ctaFilter           = 25
	ctaFilterOrigFlags  = 1
	ctaFilterReplyFlags = 2
	matchSource         = 1 << 0
	matchDestination    = 1 << 1
	matchProtocol       = 1 << 3
	matchPort           = 1 << 5
)

// table is the kernel's table of tracked connections.
type table struct{ socket *nl.NetlinkSocket }

func open() (*table, error) {
	s, err := nl.Subscribe(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open conntrack socket: %w", err)
	}
	return &table{s}, nil
}

func (t *table) close() { t.socket.Close() }

func (t *table) request(operation, flags int, family uint8) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(netlink.ConntrackTable<<8|operation, flags)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_NETFILTER: {Socket: t.socket}}
	req.AddData(&nl.Nfgenmsg{NfgenFamily: family, Version: nl.NFNETLINK_V0})
	return req
}

// filter says which entries the kernel shall send: those to a service, of all ports if
// that is 0, and of all addresses if host is invalid.
type filter struct {
	service service
	host    netip.Addr
}

// entry is a tracked connection by its original direction.
type entry struct {
	service  service
	from, to netip.Addr
	answers  netip.Addr // the source of the other direction
	raw      []byte     // its attributes as the kernel sent them
}

// list returns the entries that f matches. Kernels before 5.8 send all of a family's: the
// caller has to look at each.
func (t *table) list(f filter) ([]entry, error) {
	return t.dump(f.service.family, f.attributes())
}

// everything asks for the entries of both families.
const everything = unix.AF_UNSPEC

// dump returns the entries of a family that the attributes of a filter match.
func (t *table) dump(family uint8, attributes []*nl.RtAttr) ([]entry, error) {
	req := t.request(nl.IPCTNL_MSG_CT_GET, unix.NLM_F_DUMP, family)
	for _, a := range attributes {
		req.AddData(a)
	}
	messages, err := req.Execute(unix.NETLINK_NETFILTER, 0)
	// An interrupted dump lacks at most entries that began or ended meanwhile.
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("list tracked connections: %w", err)
	}
	var entries []entry
	for _, m := range messages {
		if e, ok := parse(m); ok {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// remove ends one connection; the kernel finds it by the attributes that it sent.
func (t *table) remove(e entry) error {
	req := t.request(nl.IPCTNL_MSG_CT_DELETE, unix.NLM_F_ACK, e.service.family)
	req.AddRawData(e.raw)
	_, err := req.Execute(unix.NETLINK_NETFILTER, 0)
	return err
}

func (f filter) attributes() []*nl.RtAttr {
	flags := uint32(matchProtocol)
	tuple := nl.NewRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_ORIG, nil)
	if f.host.IsValid() {
		flags |= matchDestination
		ip := tuple.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_IP, nil)
		ip.AddRtAttr(destination(f.service.family), f.host.AsSlice())
	}
	protocol := tuple.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_PROTO, nil)
	protocol.AddRtAttr(nl.CTA_PROTO_NUM, []byte{byte(f.service.protocol)})
	if f.service.port != 0 {
		flags |= matchPort
		protocol.AddRtAttr(nl.CTA_PROTO_DST_PORT, binary.BigEndian.AppendUint16(nil, f.service.port))
	}
	matching := nl.NewRtAttr(unix.NLA_F_NESTED|ctaFilter, nil)
	matching.AddRtAttr(ctaFilterOrigFlags, nl.Uint32Attr(flags))
	return []*nl.RtAttr{tuple, matching}
}

// bySource are the attributes that match an address as the source of a direction.
func bySource(a netip.Addr, direction, flags int) []*nl.RtAttr {
	tuple := nl.NewRtAttr(unix.NLA_F_NESTED|direction, nil)
	tuple.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_IP, nil).AddRtAttr(source(familyOf(a)), a.AsSlice())
	matching := nl.NewRtAttr(unix.NLA_F_NESTED|ctaFilter, nil)
	matching.AddRtAttr(flags, nl.Uint32Attr(matchSource))
	return []*nl.RtAttr{tuple, matching}
}

// destination is the attribute of a destination address.
func destination(family uint8) int {
	if family == unix.AF_INET {
		return nl.CTA_IP_V4_DST
	}
	return nl.CTA_IP_V6_DST
}

// source is the attribute of a source address.
func source(family uint8) int {
	if family == unix.AF_INET {
		return nl.CTA_IP_V4_SRC
	}
	return nl.CTA_IP_V6_SRC
}

// parse reads a message; it reports false for what has no addresses. What is no connection between
// ports has the port 0.
func parse(message []byte) (e entry, ok bool) {
	if len(message) < nl.SizeofNfgenmsg {
		return e, false
	}
	family := message[0]
	e.service.family, e.raw = family, message[nl.SizeofNfgenmsg:]
	original, reply := nested(e.raw, nl.CTA_TUPLE_ORIG), nested(e.raw, nl.CTA_TUPLE_REPLY)
	e.to, ok = netip.AddrFromSlice(nested(nested(original, nl.CTA_TUPLE_IP), destination(family)))
	e.from, _ = netip.AddrFromSlice(nested(nested(original, nl.CTA_TUPLE_IP), source(family)))
	e.answers, _ = netip.AddrFromSlice(nested(nested(reply, nl.CTA_TUPLE_IP), source(family)))
	ports := nested(original, nl.CTA_TUPLE_PROTO)
	if protocol := nested(ports, nl.CTA_PROTO_NUM); len(protocol) == 1 {
		e.service.protocol = nat.Protocol(protocol[0])
	}
	if port := nested(ports, nl.CTA_PROTO_DST_PORT); len(port) == 2 {
		e.service.port = binary.BigEndian.Uint16(port)
	}
	return e, ok
}

// nested returns the value of an attribute among others, nil if there is none.
func nested(attributes []byte, kind int) []byte {
	list, err := nl.ParseRouteAttr(attributes)
	if err != nil {
		return nil
	}
	for _, a := range list {
		if int(a.Attr.Type&nl.NLA_TYPE_MASK) == kind {
			return a.Value
		}
	}
	return nil
}
