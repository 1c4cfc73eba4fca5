package conntrack

import (
	"fmt"
	"net/netip"
	"testing"

	"vethbridge/pkg/nat"
)

// BenchmarkDrop drops what a DEL does, of a mapping and of an address, beside 0 and 200,000
// unrelated connections: the kernel passes them, but sends nothing of them.
func BenchmarkDrop(b *testing.B) {
	address := netip.MustParseAddr("10.1.0.2")
	for _, others := range []int{0, 200_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			newHost(b)
			trackUnrelated(b, others)
			for b.Loop() {
				lead(b, connection{nat.TCP, "192.0.2.1:8080", "10.1.0.2:80"})
				if err := DropLed(socketOf(b), []nat.Mapping{mapping(nat.TCP, "0.0.0.0:8080", "10.1.0.2:80")}, others); err != nil {
					b.Fatal(err)
				}
				if err := DropOf(socketOf(b), []netip.Addr{address}, others); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
