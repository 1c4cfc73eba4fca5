package conntrack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

// Connection is a tracked connection: as its client began it, and as the answers go.
type Connection struct {
	Protocol nat.Protocol
	From, To netip.AddrPort
	// AnswersFrom and AnswersTo differ from To and From where something was translated.
	AnswersFrom, AnswersTo netip.AddrPort
}

// String returns "tcp 192.0.2.1:40000 -> 198.51.100.1:8080, answered by 10.1.0.2:80 to 192.0.2.1:40000".
func (c Connection) String() string {
	text := fmt.Sprintf("%s %s -> %s", c.Protocol, c.From, c.To)
	if c.AnswersFrom != c.To || c.AnswersTo != c.From {
		text += fmt.Sprintf(", answered by %s to %s", c.AnswersFrom, c.AnswersTo)
	}
	return text
}

// Find lists the connections that one of the addresses takes part in. It reads the whole table
// of the calling thread's namespace.
func Find(addresses []netip.Addr) (list []Connection, err error) {
	t, err := open()
	if err != nil {
		return nil, err
	}
	defer t.close()
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		messages, err := t.request(nl.IPCTNL_MSG_CT_GET, unix.NLM_F_DUMP, family).Execute(unix.NETLINK_NETFILTER, 0)
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return nil, fmt.Errorf("list tracked connections: %w", err)
		}
		for _, m := range messages {
			if c, ok := parseConnection(family, m); ok && c.has(addresses) {
				list = append(list, c)
			}
		}
	}
	return list, nil
}

func (c Connection) has(addresses []netip.Addr) bool {
	return slices.ContainsFunc([]netip.AddrPort{c.From, c.To, c.AnswersFrom, c.AnswersTo}, func(p netip.AddrPort) bool {
		return slices.Contains(addresses, p.Addr())
	})
}

func parseConnection(family uint8, message []byte) (c Connection, ok bool) {
	if len(message) < nl.SizeofNfgenmsg {
		return c, false
	}
	raw := message[nl.SizeofNfgenmsg:]
	original, answers := nested(raw, nl.CTA_TUPLE_ORIG), nested(raw, nl.CTA_TUPLE_REPLY)
	protocol := nested(nested(original, nl.CTA_TUPLE_PROTO), nl.CTA_PROTO_NUM)
	if len(protocol) != 1 {
		return c, false
	}
	c.Protocol = nat.Protocol(protocol[0])
	var first, second bool
	c.From, c.To, first = ends(family, original)
	c.AnswersFrom, c.AnswersTo, second = ends(family, answers)
	return c, first && second
}

// ends reads a tuple; it reports false for what is not between ports.
func ends(family uint8, tuple []byte) (from, to netip.AddrPort, ok bool) {
	source := nl.CTA_IP_V4_SRC
	if family == unix.AF_INET6 {
		source = nl.CTA_IP_V6_SRC
	}
	ip, ports := nested(tuple, nl.CTA_TUPLE_IP), nested(tuple, nl.CTA_TUPLE_PROTO)
	a, aOK := netip.AddrFromSlice(nested(ip, source))
	b, bOK := netip.AddrFromSlice(nested(ip, destination(family)))
	p, q := nested(ports, nl.CTA_PROTO_SRC_PORT), nested(ports, nl.CTA_PROTO_DST_PORT)
	if !aOK || !bOK || len(p) != 2 || len(q) != 2 {
		return from, to, false
	}
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(p)), netip.AddrPortFrom(b, binary.BigEndian.Uint16(q)), true
}
