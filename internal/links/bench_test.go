package links_test

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// BenchmarkPort adds, announces and deletes a port beside 0 and 500 others: what it costs
// must not depend on them.
func BenchmarkPort(b *testing.B) {
	for _, others := range []int{0, 500} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) { benchmarkPort(b, others) })
	}
}

func benchmarkPort(b *testing.B, others int) {
	h := newHost(b)
	h.ensure(b, demoBridge())
	for i := range others {
		h.add(b, h.container(b).port(i))
	}
	port := h.container(b).port(others)
	var adding, deleting time.Duration
	for b.Loop() {
		start := time.Now()
		if _, _, err := h.AddPort(context.Background(), port); err != nil {
			b.Fatal(err)
		}
		added := time.Now()
		if err := h.DeletePort(context.Background(), port.HostName, port.Mark); err != nil {
			b.Fatal(err)
		}
		adding, deleting = adding+added.Sub(start), deleting+time.Since(added)
	}
	b.ReportMetric(float64(adding.Microseconds())/float64(b.N), "us/add")
	b.ReportMetric(float64(deleting.Microseconds())/float64(b.N), "us/del")
}

func BenchmarkAnnounce(b *testing.B) {
	h := newHost(b)
	h.ensure(b, demoBridge())
	port := h.container(b).port(0)
	h.add(b, port)
	for b.Loop() {
		if err := h.Announce(context.Background(), port); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEnsureBridge(b *testing.B) {
	h := newHost(b)
	h.ensure(b, demoBridge())
	for b.Loop() {
		if _, err := h.EnsureBridge(context.Background(), demoBridge()); err != nil {
			b.Fatal(err)
		}
	}
}
