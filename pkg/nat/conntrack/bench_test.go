package conntrack

import (
	"fmt"
	"net/netip"
	"testing"

	"vethbridge/pkg/nat"
)

// BenchmarkDrop drops what DEL of a chain does, all of an address, and what that of natport behind another
// main plugin does, what a mapping has led there: beside 0 and 200,000 unrelated connections, which the kernel
// passes, but of which it sends nothing. Those beside none come first: the kernel takes its time to forget many.
func BenchmarkDrop(b *testing.B) {
	for _, others := range []int{0, 200_000} {
		b.Run(fmt.Sprintf("address/others=%d", others), func(b *testing.B) {
			dropBeside(b, others, func() error { return DropOf(socketOf(b), []netip.Addr{netip.MustParseAddr("10.1.0.2")}, others) })
		})
		b.Run(fmt.Sprintf("port/others=%d", others), func(b *testing.B) {
			dropBeside(b, others, func() error {
				return DropLed(socketOf(b), []nat.Mapping{mapping(nat.TCP, "0.0.0.0:8080", "10.1.0.2:80")}, others)
			})
		})
	}
}

func dropBeside(b *testing.B, others int, drop func() error) {
	b.Helper()
	newHost(b)
	trackUnrelated(b, others)
	for b.Loop() {
		lead(b, connection{nat.TCP, "192.0.2.1:8080", "10.1.0.2:80"})
		if err := drop(); err != nil {
			b.Fatal(err)
		}
	}
}
