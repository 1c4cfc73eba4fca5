package links

import (
	"hash/fnv"
	"net"
	"net/netip"
	"strings"
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

// LinkLocal is the address that the kernel gives a link with the MAC address (RFC 4291, appendix A).
func LinkLocal(m net.HardwareAddr) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]}), 64)
}

// hashedMAC ends in 32 bits of FNV-1a, which differ for any two addresses of one /112.
func hashedMAC(kind byte, text string) net.HardwareAddr {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(text))
	return hash.Sum(net.HardwareAddr{0x0a, kind})
}
