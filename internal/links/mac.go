package links

import (
	"hash/fnv"
	"net"
	"net/netip"
	"strings"

	"vethbridge/internal/attachment"
)

// StableMAC returns the locally administered unicast MAC address that follows from an IP
// address, so that a neighbour's entry for the address stays right when the address moves
// on to another container. An IPv4 address stands in it as it is.
func StableMAC(addr netip.Addr) net.HardwareAddr {
	if addr.Is4() {
		ip := addr.As4()
		return append(net.HardwareAddr{0x0a, 0x58}, ip[:]...)
	}
	return hashedMAC(0x59, string(addr.AsSlice()))
}

// DerivedMAC returns the locally administered unicast MAC address that follows from texts.
func DerivedMAC(texts ...string) net.HardwareAddr {
	return hashedMAC(0x5a, strings.Join(texts, "\x00"))
}

// LinkLocal is a link's address that follows from its MAC address, with the length of its subnet.
func LinkLocal(m net.HardwareAddr) netip.Prefix { return netip.PrefixFrom(attachment.LinkLocal(m), 64) }

// hashedMAC ends in 32 bits of FNV-1a, which differ for any two addresses of one /112.
func hashedMAC(kind byte, text string) net.HardwareAddr {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(text))
	return hash.Sum(net.HardwareAddr{0x0a, kind})
}
