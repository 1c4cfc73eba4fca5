package links

import (
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/netip"
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

// randomMAC returns a locally administered unicast MAC address.
func randomMAC() net.HardwareAddr {
	mac := make(net.HardwareAddr, 6)
	_, _ = rand.Read(mac) // never fails (crypto/rand)
	mac[0] = mac[0]&^1 | 2
	return mac
}
