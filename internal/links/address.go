package links

import (
	"encoding/binary"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// addresses lists the addresses of a link.
func (r *requests) addresses(link int) ([]netip.Prefix, error) {
	of := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	of.Index = uint32(link)
	msgs, err := r.do(unix.RTM_GETADDR, unix.NLM_F_DUMP, of)
	var list []netip.Prefix
	for _, m := range msgs {
		head := nl.DeserializeIfAddrmsg(m)
		if int(head.Index) != link {
			continue // a kernel before 4.20 lists all
		}
		attrs, err := nl.ParseRouteAttrAsMap(m[unix.SizeofIfAddrmsg:])
		if err != nil {
			return nil, failure.To("parse address", err)
		}
		local, ok := netip.AddrFromSlice(attrs[unix.IFA_LOCAL].Value)
		if !ok { // IPv6 without a peer
			local, _ = netip.AddrFromSlice(attrs[unix.IFA_ADDRESS].Value)
		}
		list = append(list, netip.PrefixFrom(local, int(head.Prefixlen)))
	}
	return list, err
}

// addAddress gives a link an address. Without dad an IPv6 address can be used at once: it comes
// from a pool that gives no address twice.
func (r *requests) addAddress(link int, a netip.Prefix, dad bool) error {
	to := nl.NewIfAddrmsg(family(a.Addr()))
	to.Index, to.Prefixlen = uint32(link), uint8(a.Bits())
	if a.Addr().Is6() && !dad {
		to.Flags = unix.IFA_F_NODAD
	}
	raw := a.Addr().AsSlice()
	data := []nl.NetlinkRequestData{to, nl.NewRtAttr(unix.IFA_LOCAL, raw), nl.NewRtAttr(unix.IFA_ADDRESS, raw)}
	if a.Addr().Is4() && a.Bits() < 31 { // RFC 3021
		data = append(data, nl.NewRtAttr(unix.IFA_BROADCAST, broadcast(a)))
	}
	_, err := r.do(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, data...)
	return err
}

// broadcast is the last address of an IPv4 network.
func broadcast(p netip.Prefix) []byte {
	n := binary.BigEndian.Uint32(p.Addr().AsSlice()) | (1<<(32-p.Bits()) - 1)
	return binary.BigEndian.AppendUint32(nil, n)
}

// forgetNeighbour removes what a link knows of a neighbour. One that is unknown is ENOENT.
func (r *requests) forgetNeighbour(link int, a netip.Addr) error {
	of := &netlink.Ndmsg{Family: uint8(family(a)), Index: uint32(link)}
	_, err := r.do(unix.RTM_DELNEIGH, unix.NLM_F_ACK, of, nl.NewRtAttr(unix.NDA_DST, a.AsSlice()))
	return err
}
