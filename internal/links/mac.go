package links

import (
	"crypto/sha256"
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
	ip := addr.As16()
	sum := sha256.Sum256(ip[:])
	return append(net.HardwareAddr{0x0a, 0x59}, sum[:4]...)
}

// DerivedMAC returns the locally administered unicast MAC address that follows from texts.
func DerivedMAC(texts ...string) net.HardwareAddr {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return append(net.HardwareAddr{0x0a, 0x5a}, sum[:4]...)
}
