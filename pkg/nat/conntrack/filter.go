package conntrack

import (
	"encoding/binary"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

// What the kernel compares (uapi/linux/netfilter/nfnetlink_conntrack.h and, for the flags,
// net/netfilter/nf_internals.h).
const (
	ctaFilter             = 25
	ctaStatusMask         = 26
	ctaFilterOrigFlags    = 1
	ctaFilterReplyFlags   = 2
	matchSource           = 1 << 0
	matchDestination      = 1 << 1
	matchProtocol         = 1 << 3
	matchSourcePort       = 1 << 4
	matchDestinationPort  = 1 << 5
	destinationTranslated = 1 << 5 // IPS_DST_NAT
)

// filter says which entries of a family are meant; its zero fields say nothing.
type filter struct {
	family   uint8
	exact    bool // they are to be dropped, all of them
	protocol nat.Protocol
	from, to netip.Addr // of the original direction
	port     uint16     // to which
	answers  netip.AddrPort
}

// mustBeListed reports whether the kernel by itself would drop something else: it takes IPv6
// addresses for equal where they differ, and the other way round, and does not look at ports of SCTP
// (ctnetlink_filter_match_tuple, Linux 5.8 to 6.18 at least).
func (f filter) mustBeListed() bool {
	return !f.exact || f.family != unix.AF_INET || f.protocol == nat.SCTP
}

// attributes are the filter in a message to the kernel; none if it can't be asked for any of it.
func (f filter) attributes() (list []*nl.RtAttr) {
	if f.family == unix.AF_INET6 {
		f.from, f.to, f.answers = netip.Addr{}, netip.Addr{}, netip.AddrPortFrom(netip.Addr{}, f.answers.Port())
	}
	matching := nl.NewRtAttr(unix.NLA_F_NESTED|ctaFilter, nil)
	add := func(kind, flagsKind int, t tuple) {
		if a, flags := t.attribute(kind, f.protocol); flags&^matchProtocol != 0 || flags != 0 && kind == nl.CTA_TUPLE_ORIG {
			matching.AddRtAttr(flagsKind, nl.Uint32Attr(flags))
			list = append(list, a)
		}
	}
	add(nl.CTA_TUPLE_ORIG, ctaFilterOrigFlags, tuple{f.from, f.to, 0, f.port})
	add(nl.CTA_TUPLE_REPLY, ctaFilterReplyFlags, tuple{f.answers.Addr(), netip.Addr{}, f.answers.Port(), 0})
	if len(list) == 0 {
		return nil
	}
	if f.answers.Port() != 0 { // it is a mapping that leads there
		bit := binary.BigEndian.AppendUint32(nil, destinationTranslated)
		list = append(list, nl.NewRtAttr(nl.CTA_STATUS, bit), nl.NewRtAttr(ctaStatusMask, bit))
	}
	return append(list, matching)
}

// tuple is what is known of one direction.
type tuple struct {
	source, destination         netip.Addr
	sourcePort, destinationPort uint16
}

// attribute returns it with the flags of what it says.
func (t tuple) attribute(kind int, p nat.Protocol) (a *nl.RtAttr, flags uint32) {
	var ip, ports *nl.RtAttr
	a = nl.NewRtAttr(unix.NLA_F_NESTED|kind, nil)
	if t.source.IsValid() || t.destination.IsValid() {
		ip = a.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_IP, nil)
	}
	if p != 0 {
		ports = a.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_PROTO, nil)
		ports.AddRtAttr(nl.CTA_PROTO_NUM, []byte{byte(p)})
		flags = matchProtocol
	}
	if t.source.IsValid() {
		ip.AddRtAttr(source(familyOf(t.source)), t.source.AsSlice())
		flags |= matchSource
	}
	if t.destination.IsValid() {
		ip.AddRtAttr(destination(familyOf(t.destination)), t.destination.AsSlice())
		flags |= matchDestination
	}
	if t.sourcePort != 0 {
		ports.AddRtAttr(nl.CTA_PROTO_SRC_PORT, binary.BigEndian.AppendUint16(nil, t.sourcePort))
		flags |= matchSourcePort
	}
	if t.destinationPort != 0 {
		ports.AddRtAttr(nl.CTA_PROTO_DST_PORT, binary.BigEndian.AppendUint16(nil, t.destinationPort))
		flags |= matchDestinationPort
	}
	return a, flags
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

func familyOf(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
