package nft

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

func familyOf(a netip.Addr) *family {
	if a.Is4() {
		return ipv4
	}
	return ipv6
}

// set names a map of published ports of a family.
type set struct {
	family *family
	name   string
}

// setOf returns the map that a mapping stands in.
func setOf(m *nat.Mapping) set {
	s := set{familyOf(m.Host), hostPorts}
	switch {
	case m.More > 0 && whole(m):
		s.name = rangePorts
	case m.Limit.Via != "":
		s.name = linkPorts
	case !m.Limit.None():
		s.name = limitedPorts
	case m.Host.IsUnspecified():
		s.name = anyPorts
	}
	return s
}

// In a concatenation every field is padded to a multiple of four bytes (nft(8), CONCATENATIONS).
func appendPort(b []byte, port uint16) []byte {
	return append(b, byte(port>>8), byte(port), 0, 0)
}

func appendProtocol(b []byte, p nat.Protocol) []byte { return append(b, byte(p), 0, 0, 0) }

func appendAddr(b []byte, a netip.Addr) []byte {
	if a.Is4() {
		four := a.As4()
		return append(b, four[:]...)
	}
	sixteen := a.As16()
	return append(b, sixteen[:]...)
}

// roomForElement holds key and value of an element without a limit.
const roomForElement = 48

// mappingElement is the element of a mapping in one piece. There may be twenty thousand, so it is made
// at one go.
func mappingElement(mark string, m *nat.Mapping) nftables.SetElement {
	e := nftables.SetElement{Comment: mark}
	b := make([]byte, 0, roomForElement)
	var last []byte
	switch {
	case m.More > 0 || !m.Limit.None():
		b, last = limitFields(m)
		e.KeyEnd = appendPort(appendProtocol(last, m.Protocol), m.Last())
	case !m.Host.IsUnspecified():
		b = appendAddr(b, m.Host)
	}
	b = appendPort(appendProtocol(b, m.Protocol), m.HostPort)
	end := len(b)
	b = appendAddr(b, m.Target.Addr())
	if m.More == 0 {
		b = appendPort(b, m.Target.Port())
	}
	e.Key, e.Val = b[:end:end], b[end:]
	return e
}

// limitFields are the first and the last key of a limit: link, client, host address.
func limitFields(m *nat.Mapping) (first, last []byte) {
	if m.Limit.Via != "" {
		first, last = linkField(m.Limit.Via)
	}
	host := m.Limit.To
	if !m.Host.IsUnspecified() {
		host = netip.PrefixFrom(m.Host, m.Host.BitLen())
	}
	for _, p := range []netip.Prefix{m.Limit.From, host} {
		if !p.IsValid() {
			p = netip.PrefixFrom(unspecified(m.Host), 0)
		}
		first, last = append(first, p.Masked().Addr().AsSlice()...), append(last, lastAddr(p).AsSlice()...)
	}
	return first, last
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// linkField is the interval of names that a link's stands for, each of 16 bytes.
func linkField(via string) (first, last []byte) {
	stem, wild := strings.CutSuffix(via, "+")
	first, last = make([]byte, unix.IFNAMSIZ), make([]byte, unix.IFNAMSIZ)
	copy(first, stem)
	copy(last, stem)
	for i := len(stem); wild && i < len(last); i++ {
		last[i] = 0xff
	}
	return first, last
}

// linkOf is the reverse of linkField.
func linkOf(first, last []byte) string {
	name := strings.TrimRight(string(first), "\x00")
	if !slices.Equal(first, last) {
		name += "+"
	}
	return name
}

// entry is the reverse of mappingElement.
func (f *family) entry(name string, e nftables.SetElement) (nat.Entry, error) {
	value := f.addrLen
	if name != rangePorts {
		value += 2
	}
	if want := f.keyLen(name); len(e.Key) != want || limited(name) && len(e.KeyEnd) != want || len(e.Val) < value {
		return nat.Entry{}, fmt.Errorf("element of %s has a key of %d and a value of %d bytes", name, len(e.Key), len(e.Val))
	}
	port := e.Key[len(e.Key)-8:]
	m := nat.Mapping{Protocol: nat.Protocol(port[0]), HostPort: binary.BigEndian.Uint16(port[4:])}
	target, _ := netip.AddrFromSlice(e.Val[:f.addrLen])
	m.Host = unspecified(target)
	if name == rangePorts {
		m.Target = netip.AddrPortFrom(target, m.HostPort)
		m.More = binary.BigEndian.Uint16(e.KeyEnd[len(e.KeyEnd)-4:]) - m.HostPort
	} else {
		m.Target = netip.AddrPortFrom(target, binary.BigEndian.Uint16(e.Val[f.addrLen:]))
	}
	switch {
	case limited(name):
		m.Host, m.Limit = f.limit(e.Key[:len(e.Key)-8], e.KeyEnd)
	case name == hostPorts:
		m.Host, _ = netip.AddrFromSlice(e.Key[:f.addrLen])
	}
	return nat.Entry{Mark: e.Comment, Mapping: m}, nil
}

func (f *family) keyLen(name string) int {
	switch name {
	case linkPorts:
		return unix.IFNAMSIZ + 2*f.addrLen + 8
	case limitedPorts, rangePorts:
		return 2*f.addrLen + 8
	case hostPorts:
		return f.addrLen + 8
	}
	return 8
}

// limit is the reverse of limitFields.
func (f *family) limit(first, last []byte) (host netip.Addr, l nat.Limit) {
	if len(first) > 2*f.addrLen {
		l.Via = linkOf(first[:unix.IFNAMSIZ], last[:unix.IFNAMSIZ])
		first, last = first[unix.IFNAMSIZ:], last[unix.IFNAMSIZ:]
	}
	l.From = f.somePrefix(first[:f.addrLen], last[:f.addrLen])
	l.To = f.somePrefix(first[f.addrLen:2*f.addrLen], last[f.addrLen:2*f.addrLen])
	if l.To.IsValid() && l.To.IsSingleIP() {
		return l.To.Addr(), nat.Limit{From: l.From, Via: l.Via}
	}
	host, _ = netip.AddrFromSlice(make([]byte, f.addrLen))
	return host, l
}

// somePrefix returns the prefix of an interval; invalid if that is all there is.
func (f *family) somePrefix(first, last []byte) netip.Prefix {
	p, _ := prefixOf(first, last)
	if p.Bits() == 0 {
		return netip.Prefix{}
	}
	return p
}

// networkElements are the elements of a network. A plain interval set takes the first address
// and the one behind the last, a concatenated one takes both ends.
func networkElements(n *nat.Network) []nftables.SetElement {
	first, last := n.Prefix.Masked().Addr().AsSlice(), lastAddr(n.Prefix).AsSlice()
	switch n.Treatment {
	case nat.Inside:
		return []nftables.SetElement{{Key: slices.Concat(first, first), KeyEnd: slices.Concat(last, last)}}
	case nat.Direct:
		return []nftables.SetElement{{
			Key: slices.Concat(first, n.Dst.Masked().Addr().AsSlice()), KeyEnd: slices.Concat(last, lastAddr(n.Dst).AsSlice()),
		}}
	}
	begin := nftables.SetElement{Key: first}
	if n.Treatment == nat.SNAT {
		begin.Val = n.To.AsSlice()
	}
	elements := []nftables.SetElement{begin}
	if behind := lastAddr(n.Prefix).Next(); behind.IsValid() {
		elements = append(elements, nftables.SetElement{Key: behind.AsSlice(), IntervalEnd: true})
	}
	return elements
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// prefixBetween is the prefix from its first to its last address.
func prefixBetween(first, last netip.Addr) (netip.Prefix, bool) {
	for bits := first.BitLen(); bits >= 0; bits-- {
		if p := netip.PrefixFrom(first, bits); p.Masked().Addr() == first && lastAddr(p) == last {
			return p, true
		}
	}
	return netip.Prefix{}, false
}
