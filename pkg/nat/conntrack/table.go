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
	ctaFilter          = 25
	ctaFilterOrigFlags = 1
	matchDestination   = 1 << 1
	matchProtocol      = 1 << 3
	matchPort          = 1 << 5
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
	service service
	to      netip.Addr
	raw     []byte // its attributes as the kernel sent them
}

// list returns the entries that f matches. Kernels before 5.8 send all of a family's: the
// caller has to look at each.
func (t *table) list(f filter) ([]entry, error) {
	req := t.request(nl.IPCTNL_MSG_CT_GET, unix.NLM_F_DUMP, f.service.family)
	for _, a := range f.attributes() {
		req.AddData(a)
	}
	messages, err := req.Execute(unix.NETLINK_NETFILTER, 0)
	// An interrupted dump lacks at most entries that began or ended meanwhile.
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("list tracked connections: %w", err)
	}
	var entries []entry
	for _, m := range messages {
		if e, ok := parse(f.service.family, m); ok {
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

// destination is the attribute of a destination address.
func destination(family uint8) int {
	if family == unix.AF_INET {
		return nl.CTA_IP_V4_DST
	}
	return nl.CTA_IP_V6_DST
}

// parse reads a message; it reports false for what is no connection between ports.
func parse(family uint8, message []byte) (entry, bool) {
	if len(message) < nl.SizeofNfgenmsg {
		return entry{}, false
	}
	raw := message[nl.SizeofNfgenmsg:]
	tuple := nested(raw, nl.CTA_TUPLE_ORIG)
	to, ok := netip.AddrFromSlice(nested(nested(tuple, nl.CTA_TUPLE_IP), destination(family)))
	ports := nested(tuple, nl.CTA_TUPLE_PROTO)
	protocol, port := nested(ports, nl.CTA_PROTO_NUM), nested(ports, nl.CTA_PROTO_DST_PORT)
	if !ok || len(protocol) != 1 || len(port) != 2 {
		return entry{}, false
	}
	s := service{family, nat.Protocol(protocol[0]), binary.BigEndian.Uint16(port)}
	return entry{service: s, to: to, raw: raw}, true
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
