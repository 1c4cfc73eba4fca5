package nft

import (
	"log/slog"
	"net/netip"
	"os/exec"
	"testing"

	"vethbridge/internal/netfilter"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

// TestAPortThatARangeLacksIsNamed is about ranges that stand in the kernel port by port.
func TestAPortThatARangeLacksIsNamed(t *testing.T) {
	netnstest.Inside(t)
	conn := &netfilter.Conn{}
	t.Cleanup(func() { _ = conn.Close() })
	keeper := newKeeper(t, New(conn))
	want := nat.Translations{Mappings: []nat.Mapping{{
		Protocol: nat.TCP, Host: netip.IPv4Unspecified(), HostPort: 7000, More: 99, Target: netip.MustParseAddrPort("10.1.0.2:80"),
	}}}
	if err := keeper.Replace(t.Context(), nattest.Owner(1), nat.PartNatport, nat.Nftables, want); err != nil {
		t.Fatal(err)
	}
	for lost, says := range map[string]string{
		"delete element inet vethbridge any_ports4 { tcp . 7055 }": "mapping tcp 0.0.0.0:7055 -> 10.1.0.2:135 is missing",
		"flush map inet vethbridge any_ports4":                     "mapping tcp 0.0.0.0:7000-7099 -> 10.1.0.2:80-179 is missing",
	} {
		if out, err := exec.Command("nft", lost).CombinedOutput(); err != nil {
			t.Fatalf("nft %s: %s", lost, out)
		}
		if err := nattest.Check(t.Context(), keeper, nattest.Owner(1), want); err == nil || err.Error() != "check translations: "+says {
			t.Errorf("check says %v, want %s", err, says)
		}
		for _, changed := range []bool{true, false} {
			if did, err := keeper.Repair(t.Context()); did != changed || err != nil {
				t.Errorf("repair: %v, %v; want %v", did, err, changed)
			}
		}
	}
}

// newKeeper has one owner attached.
func newKeeper(t *testing.T, b *Backend) nat.Keeper {
	t.Helper()
	keeper := nat.Keeper{Store: statetest.Open(t, nat.CheckBook), Backends: nattest.Only(b), Log: slog.New(slog.DiscardHandler)}
	err := keeper.Store.Update(t.Context(), func(tx *state.Tx) error {
		return tx.PutAttachment(state.Attachment{Owner: nattest.Owner(1), BootID: tx.BootID()})
	})
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}

func TestNftablesKeepsTheContract(t *testing.T) {
	nattest.Contract(t, nat.Nftables, func(t *testing.T) nat.Backend {
		netnstest.Inside(t)
		conn := &netfilter.Conn{}
		b := New(conn)
		t.Cleanup(func() { _ = conn.Close() })
		return b
	})
}
