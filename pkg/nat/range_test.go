package nat_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

func port(host string, first, last, container uint16) nat.Port {
	p := nat.Port{Protocol: nat.TCP, HostPort: first, More: last - first, ContainerPort: container}
	if host != "" {
		p.HostIP = netip.MustParseAddr(host)
	}
	return p
}

func translated(t *testing.T, ports ...nat.Port) []nat.Mapping {
	t.Helper()
	got, err := nat.Translate(nat.Request{Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24")}, Ports: ports})
	if err != nil {
		t.Fatal(err)
	}
	return got.Mappings
}

// TestARangeIsOneMappingUnlessOneOfItsPortsIsAnothersToo is what makes ten thousand ports cost what one costs.
func TestARangeIsOneMappingUnlessOneOfItsPortsIsAnothersToo(t *testing.T) {
	byLink := port("", 5000, 5002, 5000)
	byLink.Allowed[0].Via = []string{"eth0"}
	byClient := port("", 5000, 5001, 5000)
	byClient.Allowed[0].From = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25"), netip.MustParsePrefix("198.51.100.0/24")}
	for _, c := range []struct {
		name  string
		ports []nat.Port
		want  []string
	}{
		{"same ports", []nat.Port{port("", 5000, 5999, 5000)}, []string{"tcp 0.0.0.0:5000-5999 -> 10.1.0.2:5000-5999"}},
		{"of one address", []nat.Port{port("192.0.2.1", 1, 65535, 1)}, []string{"tcp 192.0.2.1:1-65535 -> 10.1.0.2:1-65535"}},
		{"other ports", []nat.Port{port("", 5000, 5001, 80)}, []string{"tcp 0.0.0.0:5000-5001 -> 10.1.0.2:80-81"}},
		{"behind each other", []nat.Port{port("", 5002, 5003, 82), port("", 5001, 5001, 81), port("", 5000, 5000, 80)}, []string{
			"tcp 0.0.0.0:5000-5003 -> 10.1.0.2:80-83"}},
		{"behind each other, to others", []nat.Port{port("", 5000, 5000, 80), port("", 5001, 5001, 80), port("", 5002, 5002, 81)}, []string{
			"tcp 0.0.0.0:5000 -> 10.1.0.2:80", "tcp 0.0.0.0:5001-5002 -> 10.1.0.2:80-81"}},
		{"up to the last port there is", []nat.Port{port("", 1, 65534, 1), port("", 65535, 65535, 65535)}, []string{
			"tcp 0.0.0.0:1-65535 -> 10.1.0.2:1-65535"}},
		{"one of them for one address too", []nat.Port{port("", 5000, 5001, 5000), port("192.0.2.1", 5001, 5001, 80)}, []string{
			"tcp 0.0.0.0:5000 -> 10.1.0.2:5000", "tcp 0.0.0.0:5001 -> 10.1.0.2:5001", "tcp 192.0.2.1:5001 -> 10.1.0.2:80"}},
		{"the same twice", []nat.Port{port("", 5000, 5001, 5000), port("", 5000, 5001, 5000)}, []string{
			"tcp 0.0.0.0:5000-5001 -> 10.1.0.2:5000-5001"}},
		{"of some clients", []nat.Port{byClient}, []string{
			"tcp 0.0.0.0:5000-5001 -> 10.1.0.2:5000-5001 from 192.0.2.0/25", "tcp 0.0.0.0:5000-5001 -> 10.1.0.2:5000-5001 from 198.51.100.0/24"}},
		{"of a link", []nat.Port{byLink}, []string{"tcp 0.0.0.0:5000-5002 -> 10.1.0.2:5000-5002 by eth0"}},
	} {
		var got []string
		for _, m := range translated(t, c.ports...) {
			got = append(got, m.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestAPortOfARangeIsTaken looks for clashes at, within and just beyond the ends of a range that
// spans several blocks of the book.
func TestAPortOfARangeIsTaken(t *testing.T) {
	for _, c := range []struct {
		held, asked nat.Port
		taken       bool
	}{
		{port("", 5000, 5999, 5000), port("", 4999, 4999, 4999), false},
		{port("", 5000, 5999, 5000), port("", 5000, 5000, 80), true},
		{port("", 5000, 5999, 5000), port("192.0.2.1", 5500, 5500, 80), true},
		{port("", 5000, 5999, 5000), port("", 5999, 5999, 80), true},
		{port("", 5000, 5999, 5000), port("", 6000, 6000, 80), false},
		{port("", 5000, 5999, 5000), port("", 5999, 7000, 5999), true},
		{port("", 5000, 5999, 5000), port("", 1, 65535, 1), true},
		{port("", 5000, 5999, 5000), port("", 6000, 7000, 6000), false},
		{port("192.0.2.1", 5000, 5999, 5000), port("192.0.2.2", 5000, 5999, 5000), false},
		{port("192.0.2.1", 5000, 5999, 5000), port("", 5100, 5100, 80), true},
	} {
		for _, order := range [][2]nat.Port{{c.held, c.asked}, {c.asked, c.held}} {
			if err := claimBoth(t, order[0], order[1]); errors.As(err, new(*nat.PortTakenError)) != c.taken {
				t.Errorf("%s and then %s: %v", order[0], order[1], err)
			}
		}
	}
}

// claimBoth has two owners claim a port each, and takes the first one's back.
func claimBoth(t *testing.T, held, asked nat.Port) error {
	t.Helper()
	store := statetest.Open(t, nat.CheckBook)
	claim := func(owner int, ports ...nat.Port) error {
		return store.Update(t.Context(), func(tx *state.Tx) error {
			if err := tx.PutAttachment(state.Attachment{Owner: nattest.Owner(owner), BootID: tx.BootID()}); err != nil {
				return err
			}
			want, err := nat.Translate(nat.Request{Addresses: containerAddresses(), Ports: ports})
			if err != nil {
				return err
			}
			return nat.Claim(tx, nattest.Owner(owner), nat.PartNatport, nat.Nftables, want)
		})
	}
	if err := claim(1, held); err != nil {
		t.Fatal(err)
	}
	refused := claim(2, asked)
	if err := claim(1); err != nil {
		t.Fatal(err)
	}
	if err := claim(2, asked); err != nil {
		t.Errorf("%s is taken by nobody: %v", asked, err)
	}
	return refused
}
