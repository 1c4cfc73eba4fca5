package nft

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/nftables"

	"vethbridge/pkg/nat"
)

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return ipv4
	}
	return ipv6
}

// mapOf returns the map that a mapping stands in.
func mapOf(m nat.Mapping) *nftables.Set {
	f := familyOf(m.Host)
	if m.Host.IsUnspecified() {
		return f.portMap(anyPorts)
	}
	return f.portMap(hostPorts)
}

// In a concatenation every field is padded to a multiple of four bytes (nft(8), CONCATENATIONS).
func portField(port uint16) []byte { return append(binary.BigEndian.AppendUint16(nil, port), 0, 0) }

func protocolField(p nat.Protocol) []byte { return []byte{byte(p), 0, 0, 0} }

func mappingElement(mark string, m nat.Mapping) nftables.SetElement {
	var key []byte
	if !m.Host.IsUnspecified() {
		key = m.Host.AsSlice()
	}
	key = append(append(key, protocolField(m.Protocol)...), portField(m.HostPort)...)
	return nftables.SetElement{
		Key: key, Val: append(m.Target.Addr().AsSlice(), portField(m.Target.Port())...), Comment: mark,
	}
}

// entry is the reverse of mappingElement.
func (f family) entry(name string, e nftables.SetElement) (nat.Entry, error) {
	host := netip.IPv4Unspecified()
	if f.addrLen == 16 {
		host = netip.IPv6Unspecified()
	}
	key := e.Key
	if name == hostPorts && len(key) > f.addrLen {
		host, _ = netip.AddrFromSlice(key[:f.addrLen])
		key = key[f.addrLen:]
	}
	if len(key) != 8 || len(e.Val) < f.addrLen+2 {
		return nat.Entry{}, fmt.Errorf("element of %s has a key of %d and a value of %d bytes", name, len(e.Key), len(e.Val))
	}
	target, _ := netip.AddrFromSlice(e.Val[:f.addrLen])
	return nat.Entry{Mark: e.Comment, Mapping: nat.Mapping{
		Protocol: nat.Protocol(key[0]), Host: host, HostPort: binary.BigEndian.Uint16(key[4:]),
		Target: netip.AddrPortFrom(target, binary.BigEndian.Uint16(e.Val[f.addrLen:])),
	}}, nil
}

// networkElements are the elements of a prefix. A plain interval set takes the first address
// and the one behind the last, a concatenated one takes both ends.
func networkElements(name string, p netip.Prefix) []nftables.SetElement {
	first, last := p.Masked().Addr().AsSlice(), lastAddr(p).AsSlice()
	if name == inside {
		return []nftables.SetElement{{Key: append(first[:len(first):len(first)], first...), KeyEnd: append(last[:len(last):len(last)], last...)}}
	}
	elements := []nftables.SetElement{{Key: first}}
	if behind := lastAddr(p).Next(); behind.IsValid() {
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
