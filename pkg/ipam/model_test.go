package ipam_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
)

// model is the plainest allocator that keeps the promises, for one range set: a list of
// addresses in the order in which they will be given.
type model struct {
	queue   []netip.Addr
	fresh   []netip.Addr // never given, in ascending order
	holders map[netip.Addr]attachment.Owner
}

func newModel(addresses []netip.Addr) *model {
	return &model{fresh: addresses, holders: map[netip.Addr]attachment.Owner{}}
}

func (m *model) held(o attachment.Owner) netip.Addr {
	for a, holder := range m.holders {
		if holder == o {
			return a
		}
	}
	return netip.Addr{}
}

// allocate returns the address that the owner must get; invalid if there is none.
func (m *model) allocate(o attachment.Owner) netip.Addr {
	if a := m.held(o); a.IsValid() {
		return a
	}
	for len(m.fresh) > 0 && m.holders[m.fresh[0]] != (attachment.Owner{}) {
		m.fresh = m.fresh[1:]
	}
	from := &m.fresh
	if len(m.fresh) == 0 {
		from = &m.queue
	}
	if len(*from) == 0 {
		return netip.Addr{}
	}
	a := (*from)[0]
	*from = (*from)[1:]
	m.holders[a] = o
	return a
}

// allocateWanted reports whether the owner must get a.
func (m *model) allocateWanted(o attachment.Owner, a netip.Addr) bool {
	if holder, ok := m.holders[a]; ok {
		return holder == o
	}
	old := m.held(o)
	m.queue = slices.DeleteFunc(m.queue, func(q netip.Addr) bool { return q == a })
	m.holders[a] = o
	if len(m.fresh) > 0 && m.fresh[0] == a {
		m.fresh = m.fresh[1:]
	}
	m.free(old)
	return true
}

func (m *model) release(o attachment.Owner) { m.free(m.held(o)) }

func (m *model) free(a netip.Addr) {
	if !a.IsValid() {
		return
	}
	delete(m.holders, a)
	if !slices.Contains(m.fresh, a) {
		m.queue = append(m.queue, a)
	}
}

// TestAllocatorEqualsItsModel runs random operations of many owners on a small range and
// on the model: no address is leased twice, none gets lost, and the order is the same.
func TestAllocatorEqualsItsModel(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			runModel(t, rand.New(rand.NewPCG(seed, 0)), 2500)
		})
	}
}

func runModel(t *testing.T, random *rand.Rand, operations int) {
	store := statetest.Open(t, ipam.Check)
	sets := decode(t, `{"subnet": "10.1.0.0/27", "exclude": ["10.1.0.8/30", "10.1.0.17"]}`).Sets
	m := newModel(addresses(t, sets[0]))
	all := slices.Clone(m.fresh)
	for i := range operations {
		owner := owner(random.IntN(len(all) + 6))
		switch random.IntN(8) {
		case 0:
			a := all[random.IntN(len(all))]
			compareWanted(t, store, m, ipam.Request{Owner: owner, Sets: sets, Wanted: []netip.Addr{a}})
		case 1, 2, 3:
			m.release(owner)
			update(t, store, func(tx *state.Tx) error { return ipam.Release(tx, owner) })
		default:
			compareNext(t, store, m, ipam.Request{Owner: owner, Sets: sets})
		}
		if i%100 == 0 {
			statetest.Check(t, store, ipam.Check)
		}
		if t.Failed() {
			t.Fatalf("failed at operation %d", i)
		}
	}
}

func compareNext(t *testing.T, store *state.Store, m *model, r ipam.Request) {
	want := m.allocate(r.Owner)
	leases, err := allocate(t, store, r)
	var exhausted *ipam.ExhaustedError
	switch {
	case !want.IsValid() && !errors.As(err, &exhausted):
		t.Errorf("nothing is free, got %v, %v", leases, err)
	case want.IsValid() && (err != nil || leases[0].Address.Addr() != want):
		t.Errorf("%s got %v, %v; want %s", r.Owner, leases, err, want)
	}
}

func compareWanted(t *testing.T, store *state.Store, m *model, r ipam.Request) {
	want := r.Wanted[0]
	mayHave := m.allocateWanted(r.Owner, want)
	leases, err := allocate(t, store, r)
	var taken *ipam.TakenError
	switch {
	case !mayHave && (!errors.As(err, &taken) || taken.Holder != m.holders[want]):
		t.Errorf("%s is held by %s, got %v, %v", want, m.holders[want], leases, err)
	case mayHave && (err != nil || leases[0].Address.Addr() != want):
		t.Errorf("%s got %v, %v; want %s", r.Owner, leases, err, want)
	}
}
