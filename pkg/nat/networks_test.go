package nat

import (
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
	owner := attachment.Owner{Network: "net", ContainerID: "c", IfName: "eth0"}
	for name, spoil := range map[string]func(*state.Tx) error{
		"too many": func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{n}, 1) },
		"too few":  func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{n}, -1) },
		"of none":  func(tx *state.Tx) error { return countHolders(tx, Nftables, []Network{other}, 1) },
	} {
		store, err := state.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		err = store.Update(t.Context(), func(tx *state.Tx) error {
			if err := tx.PutAttachment(state.Attachment{Owner: owner, BootID: tx.BootID()}); err != nil {
				return err
			}
			return Claim(tx, owner, PartVethbridge, Nftables, Translations{Networks: []Network{n}})
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
