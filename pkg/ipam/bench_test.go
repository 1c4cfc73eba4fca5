package ipam_test

import (
	"context"
	"fmt"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// leased makes a book with n leases on one network.
func leased(b *testing.B, n int, sets []ipam.RangeSet) *state.Store {
	store, err := state.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < n; from += 5000 {
		update(b, store, func(tx *state.Tx) error {
			for i := from; i < min(n, from+5000); i++ {
				if _, err := ipam.Allocate(tx, ipam.Request{Owner: owner(i), Sets: sets}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return store
}

// BenchmarkAllocateRelease is one ADD and one DEL as far as the book goes: two
// transactions, each with its own opening and closing of the file. Put TMPDIR on tmpfs.
func BenchmarkAllocateRelease(b *testing.B) {
	sets := decode(b, `{"subnet": "10.0.0.0/15"}`).Sets
	for _, n := range []int{0, 1_000, 10_000, 50_000} {
		b.Run(fmt.Sprint("leases=", n), func(b *testing.B) {
			store := leased(b, n, sets)
			o := owner(1 << 20)
			for b.Loop() {
				mustAllocate(b, store, ipam.Request{Owner: o, Sets: sets})
				update(b, store, func(tx *state.Tx) error { return ipam.Release(tx, o) })
			}
		})
	}
}

// BenchmarkExhausted asks a full /16 for one more address.
func BenchmarkExhausted(b *testing.B) {
	sets := decode(b, `{"subnet": "10.0.0.0/16"}`).Sets
	store := leased(b, 65_533, sets)
	for b.Loop() {
		if _, err := allocate(b, store, ipam.Request{Owner: owner(1 << 20), Sets: sets}); err == nil {
			b.Fatal("a full range gave an address")
		}
	}
}

// BenchmarkView is the cost of opening and closing the book alone.
func BenchmarkView(b *testing.B) {
	sets := decode(b, `{"subnet": "10.0.0.0/15"}`).Sets
	for _, n := range []int{0, 50_000} {
		b.Run(fmt.Sprint("leases=", n), func(b *testing.B) {
			store := leased(b, n, sets)
			for b.Loop() {
				err := store.View(context.Background(), func(tx *state.Tx) error {
					_, err := ipam.Leases(tx, owner(0))
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
