package ipam_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestEachRangeSetGivesOneAddressWithItsSubnetsLength(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	sets := decode(t, `{"ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "2001:db8::/64", "gateway": "none"}]]}`).Sets
	leases, err := allocate(t, s, ipam.Request{Owner: owner(1), Sets: sets})
	want := []ipam.Lease{
		{Address: netip.MustParsePrefix("10.1.0.2/24"), Gateway: addr("10.1.0.1")},
		{Address: netip.MustParsePrefix("2001:db8::1/64")},
	}
	if err != nil || !slices.Equal(leases, want) {
		t.Errorf("got %v, %v; want %v", leases, err, want)
	}
}

func TestRestartedContainerGetsAnotherAddressWhileOthersAreFree(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	r := ipam.Request{Owner: owner(1), Sets: decode(t, `{"subnet": "10.1.0.0/29"}`).Sets}
	var got []string
	for range 6 {
		got = append(got, mustAllocate(t, s, r)[0].String())
		release(t, s, r.Owner)
	}
	want := []string{"10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSecondRangeOfASetIsUsedWhenTheFirstIsFull(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	sets := decode(t, `{"ranges": [[
		{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.10", "rangeEnd": "10.1.0.11", "gateway": "10.1.0.20"},
		{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.20", "rangeEnd": "10.1.0.21", "gateway": "none"}]]}`).Sets
	var got []string
	for i := range 3 {
		got = append(got, mustAllocate(t, s, ipam.Request{Owner: owner(i), Sets: sets})[0].String())
	}
	if want := []string{"10.1.0.10", "10.1.0.11", "10.1.0.21"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: the gateway of the first range lies in the second", got, want)
	}
	release(t, s, owner(2))
	release(t, s, owner(0))
	if got := mustAllocate(t, s, ipam.Request{Owner: owner(3), Sets: sets})[0]; got != addr("10.1.0.21") {
		t.Errorf("got %s, want the one freed longest ago of both ranges", got)
	}
}

func TestExhaustedSetIsRefusedWithFiguresAndNothingIsLeased(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	sets := decode(t, `{"ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "10.2.0.0/30"}]]}`).Sets
	mustAllocate(t, s, ipam.Request{Owner: owner(1), Sets: sets})
	_, err := allocate(t, s, ipam.Request{Owner: owner(2), Sets: sets})
	var exhausted *ipam.ExhaustedError
	if !errors.As(err, &exhausted) || *exhausted != (ipam.ExhaustedError{Network: "demo", Set: 1, Size: 1, Used: 1}) {
		t.Fatalf("error %v", err)
	}
	release(t, s, owner(1))
	got := mustAllocate(t, s, ipam.Request{Owner: owner(2), Sets: sets})
	if want := []netip.Addr{addr("10.1.0.3"), addr("10.2.0.2")}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWantedAddressThatIsNeverGivenIsRefusedWithTheReason(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	sets := decode(t, `{"subnet": "10.1.0.0/24", "exclude": ["10.1.0.9"]}`).Sets
	for _, c := range []struct {
		wanted []netip.Addr
		want   ipam.Reason
	}{
		{[]netip.Addr{addr("10.1.0.0")}, ipam.NetworkAddress},
		{[]netip.Addr{addr("10.1.0.255")}, ipam.BroadcastAddress},
		{[]netip.Addr{addr("10.1.0.1")}, ipam.GatewayAddress},
		{[]netip.Addr{addr("224.0.0.1")}, ipam.Multicast},
		{[]netip.Addr{addr("10.2.0.1")}, ipam.OutOfRange},
		{[]netip.Addr{addr("10.1.0.9")}, ipam.Excluded},
		{[]netip.Addr{addr("10.1.0.3"), addr("10.1.0.4")}, ipam.SecondInSet},
	} {
		_, err := allocate(t, s, ipam.Request{Owner: owner(1), Sets: sets, Wanted: c.wanted})
		var refused *ipam.NotAllowedError
		if !errors.As(err, &refused) || refused.Reason != c.want {
			t.Errorf("%v: error %v, want: %s", c.wanted, err, c.want)
		}
	}
}

func TestTakenAddressIsRefusedNamingItsHolderAndGivenToTheHolderItself(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	r := ipam.Request{Owner: owner(1), Sets: decode(t, `{"subnet": "10.1.0.0/24"}`).Sets, Wanted: []netip.Addr{addr("10.1.0.77")}}
	for range 2 {
		if got := mustAllocate(t, s, r); got[0] != addr("10.1.0.77") {
			t.Errorf("got %v", got)
		}
	}
	r.Owner = owner(2)
	_, err := allocate(t, s, r)
	var taken *ipam.TakenError
	if !errors.As(err, &taken) || *taken != (ipam.TakenError{Address: addr("10.1.0.77"), Holder: owner(1)}) {
		t.Errorf("error %v", err)
	}
}

func TestOwnerThatAsksForAnotherAddressGivesUpItsFormerOne(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	sets := decode(t, `{"subnet": "10.1.0.0/24"}`).Sets
	former := mustAllocate(t, s, ipam.Request{Owner: owner(1), Sets: sets})[0]
	mustAllocate(t, s, ipam.Request{Owner: owner(1), Sets: sets, Wanted: []netip.Addr{addr("10.1.0.9")}})
	got := mustAllocate(t, s, ipam.Request{Owner: owner(2), Sets: sets, Wanted: []netip.Addr{former}})
	if got[0] != former {
		t.Errorf("got %v, want %s", got, former)
	}
}

func TestChangedRangeLosesNoAddress(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	small := decode(t, `{"subnet": "10.1.0.0/29", "exclude": ["10.1.0.3"]}`).Sets
	large := decode(t, `{"subnet": "10.1.0.0/28"}`).Sets
	for i := range 4 {
		mustAllocate(t, s, ipam.Request{Owner: owner(i), Sets: small})
	}
	for i := 4; i < 13; i++ {
		mustAllocate(t, s, ipam.Request{Owner: owner(i), Sets: large})
	}
	release(t, s, owner(0)) // leased from the former range, and now free in both
	if got := mustAllocate(t, s, ipam.Request{Owner: owner(99), Sets: large})[0]; got != addr("10.1.0.2") {
		t.Errorf("got %s, want the freed 10.1.0.2", got)
	}
	for i := range 13 {
		release(t, s, owner(i))
	}
	update(t, s, func(tx *state.Tx) error {
		u, err := ipam.Usages(tx, "demo", large)
		if err != nil || u[0] != (ipam.Usage{Size: 13, Used: 1}) || u[0].Free() != 12 {
			t.Errorf("usage %v, %v", u, err)
		}
		return err
	})
}

func TestOverlapWithAnotherNetworkIsRefusedUntilItsLastLeaseIsGone(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	mustAllocate(t, s, ipam.Request{Owner: owner(1), Sets: decode(t, `{"subnet": "10.1.0.0/24"}`).Sets})
	other := ipam.Request{
		Owner: attachment.Owner{Network: "other", ContainerID: "c", IfName: "eth0"},
		Sets:  decode(t, `{"subnet": "10.1.0.0/16"}`).Sets,
	}
	_, err := allocate(t, s, other)
	var overlap *ipam.OverlapError
	if !errors.As(err, &overlap) || overlap.Other != "demo" || overlap.InUse.String() != "10.1.0.0/24" {
		t.Errorf("error %v", err)
	}
	other.AllowOverlap = true
	mustAllocate(t, s, other)
	release(t, s, other.Owner)
	other.AllowOverlap = false
	release(t, s, owner(1))
	mustAllocate(t, s, other)
}

func TestReleaseOfNothingIsNoError(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	release(t, s, owner(1))
	mustAllocate(t, s, ipam.Request{Owner: owner(1), Sets: decode(t, `{"subnet": "10.1.0.0/24"}`).Sets})
	release(t, s, owner(1))
	release(t, s, owner(1))
	update(t, s, func(tx *state.Tx) error {
		leases, err := ipam.Leases(tx, owner(1))
		holders, err2 := ipam.Holders(tx, "demo")
		if len(leases)+len(holders) > 0 {
			t.Errorf("leases %v, holders %v", leases, holders)
		}
		return errors.Join(err, err2)
	})
}

// TestAdoptedAddressesAreLeasesLikeOthers: nobody else gets them, nor a network of theirs, and who came first keeps what two are said to have.
func TestAdoptedAddressesAreLeasesLikeOthers(t *testing.T) {
	s := statetest.Open(t, ipam.Check)
	adopt := func(o attachment.Owner, want int, addresses ...string) {
		t.Helper()
		update(t, s, func(tx *state.Tx) error {
			var list []netip.Prefix
			for _, a := range addresses {
				list = append(list, netip.MustParsePrefix(a))
			}
			err := ipam.Adopt(tx, o, list)
			leases, err2 := ipam.Leases(tx, o)
			if len(leases) != want {
				t.Errorf("%s has %v, want %d", o, leases, want)
			}
			return errors.Join(err, err2)
		})
	}
	adopt(owner(1), 1, "10.1.0.2/24")
	adopt(owner(2), 1, "10.1.0.2/24", "10.1.0.3/24")
	sets := decode(t, `{"subnet": "10.1.0.0/24"}`).Sets
	if got := mustAllocate(t, s, ipam.Request{Owner: owner(3), Sets: sets})[0]; got != addr("10.1.0.4") {
		t.Errorf("got %s", got)
	}
	for i := range 4 {
		_, err := allocate(t, s, ipam.Request{Owner: attachment.Owner{Network: "other", ContainerID: "c", IfName: "eth0"}, Sets: sets})
		if overlap := (*ipam.OverlapError)(nil); errors.As(err, &overlap) != (i < 3) {
			t.Errorf("beside %d: %v", 3-i, err)
		}
		release(t, s, owner(3-i))
	}
}
