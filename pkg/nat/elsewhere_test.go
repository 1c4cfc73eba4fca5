package nat_test

import (
	"slices"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

// TestPortsThatAnotherNetworkOfTheContainerHasAreLeftOutOneByOne has a container ask for ports on a
// second network.
func TestPortsThatAnotherNetworkOfTheContainerHasAreLeftOutOneByOne(t *testing.T) {
	for _, c := range []struct {
		name         string
		first, asked []nat.Port
		want         []string
	}{
		{"others", []nat.Port{port("", 8079, 8079, 80)}, []nat.Port{port("", 8080, 8081, 80)}, []string{"tcp 0.0.0.0:8080-8081 -> 10.1.0.2:80-81"}},
		{"the same", []nat.Port{port("", 8080, 8081, 80)}, []nat.Port{port("", 8080, 8081, 80)}, nil},
		{"fewer", []nat.Port{port("", 8080, 8090, 80)}, []nat.Port{port("", 8081, 8082, 81)}, nil},
		{"one more", []nat.Port{port("", 8080, 8080, 80)}, []nat.Port{port("", 8080, 8080, 80), port("", 8081, 8081, 81)}, []string{"tcp 0.0.0.0:8081 -> 10.1.0.2:81"}},
		{"more at both ends", []nat.Port{port("", 8081, 8081, 81)}, []nat.Port{port("", 8080, 8083, 80)}, []string{
			"tcp 0.0.0.0:8080 -> 10.1.0.2:80", "tcp 0.0.0.0:8082-8083 -> 10.1.0.2:82-83"}},
		{"each by itself", []nat.Port{port("", 8080, 8080, 80), port("", 8081, 8081, 90)}, []nat.Port{port("", 8080, 8081, 80)}, nil},
		{"beyond a block of the book", []nat.Port{port("", 1000, 1300, 1000)}, []nat.Port{port("", 999, 1301, 999)}, []string{
			"tcp 0.0.0.0:999 -> 10.1.0.2:999", "tcp 0.0.0.0:1301 -> 10.1.0.2:1301"}},
	} {
		store := statetest.Open(t, nat.CheckBook)
		first := nattest.Owner(1)
		second := attachment.Owner{Network: "other", ContainerID: first.ContainerID, IfName: "eth1"}
		var got []string
		err := store.Update(t.Context(), func(tx *state.Tx) error {
			for _, o := range []attachment.Owner{first, second} {
				if err := tx.PutAttachment(state.Attachment{Owner: o, BootID: tx.BootID()}); err != nil {
					return err
				}
			}
			if err := nat.Claim(tx, first, nat.PartNatport, nat.Nftables, nat.Translations{Mappings: translated(t, c.first...)}); err != nil {
				return err
			}
			own, err := nat.NotElsewhere(tx, second, state.Netns{}, translated(t, c.asked...))
			if err != nil {
				return err
			}
			for _, m := range own {
				got = append(got, m.String())
			}
			return nat.Claim(tx, second, nat.PartNatport, nat.Nftables, nat.Translations{Mappings: own})
		})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}
