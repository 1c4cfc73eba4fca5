package conntrack

import (
	"fmt"
	"testing"

	"vethbridge/pkg/nat"
)

// BenchmarkDrop drops one connection beside 0 and 200,000 unrelated ones: the kernel walks
// its table, but sends nothing of them.
func BenchmarkDrop(b *testing.B) {
	for _, others := range []int{0, 200_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			newHost(b)
			trackUnrelated(b, others)
			for b.Loop() {
				track(b, connection{nat.TCP, "192.0.2.1:8080", "10.1.0.9:80"})
				if err := Drop([]nat.Mapping{mapping(nat.TCP, "0.0.0.0:8080", "10.1.0.2:80")}, others); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
