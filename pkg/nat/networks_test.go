package nat

import (
	"errors"
	"net/netip"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

// TestAWrongNumberOfHoldersOfANetworkIsNoticed: by it the network would stay in the kernel, or go while somebody needs it.
func TestAWrongNumberOfHoldersOfANetworkIsNoticed(t *testing.T) {
	n := Network{Prefix: netip.MustParsePrefix("10.1.0.0/24"), Treatment: Masquerade}
	other := Network{Prefix: netip.MustParsePrefix("10.2.0.0/24"), Treatment: Masquerade}
	for name, spoil := range map[string]func(*state.Tx) error{
		"too many": func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{n}, 1) },
		"too few":  func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{n}, -1) },
		"nobody":   func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{n}, -2) },
		"of none":  func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{other}, 1) },
	} {
		store, err := state.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		err = store.Update(t.Context(), func(tx *state.Tx) error {
			var failed []error
			for _, id := range []string{"a", "b"} {
				owner := attachment.Owner{Network: "net", ContainerID: id, IfName: "eth0"}
				failed = append(failed, tx.PutAttachment(state.Attachment{Owner: owner, BootID: tx.BootID()}),
					Claim(tx, owner, PartVethbridge, Nftables, Translations{Networks: []Network{n}}))
			}
			return errors.Join(failed...)
		})
		if err != nil {
			t.Fatal(err)
		}
		statetest.Check(t, store, CheckBook)
		if err := store.Update(t.Context(), spoil); err != nil {
			t.Fatal(err)
		}
		if err := store.Check(t.Context(), CheckBook); err == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
}
