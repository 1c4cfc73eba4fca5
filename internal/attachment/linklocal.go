package attachment

import (
	"net"
	"net/netip"
)

// LinkLocal is the address that the kernel gives a link with a MAC address (RFC 4291, appendix A).
func LinkLocal(m net.HardwareAddr) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}
