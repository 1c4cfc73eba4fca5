package fence_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

var update = flag.Bool("update", false, "write the golden files")

// newKeeper returns a keeper in a fresh namespace.
func newKeeper(t *testing.T) fence.Keeper {
	t.Helper()
	netnstest.Inside(t)
	conn := &netfilter.Conn{}
	t.Cleanup(func() { _ = conn.Close() })
	return fence.Keeper{Store: statetest.Open(t, fence.Check), Conn: conn, Log: slog.New(slog.DiscardHandler)}
}

func owner(n int) attachment.Owner {
	return attachment.Owner{Network: "demo", ContainerID: fmt.Sprintf("c%d", n), IfName: "eth0"}
}

func elements(n int, walls fence.Network) []fence.Element {
	port := fence.Port{
		Link: fmt.Sprintf("veth%d", n), MAC: fence.MAC{2, 0, 0, 0, 0, byte(n)},
		Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, 0, byte(n)}), netip.MustParseAddr(fmt.Sprintf("fd01::%d", n))},
	}
	walls.Bridge = "demo0"
	return append(port.Elements(), walls.Elements()...)
}

func add(t *testing.T, k fence.Keeper, n int, list []fence.Element) {
	t.Helper()
	err := k.Store.Update(t.Context(), func(tx *state.Tx) error {
		if err := tx.PutAttachment(state.Attachment{Owner: owner(n), BootID: tx.BootID()}); err != nil {
			return err
		}
		return fence.Claim(tx, owner(n), list)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(t.Context(), owner(n)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, k fence.Keeper, n int) {
	t.Helper()
	if err := k.Remove(t.Context(), owner(n), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func nft(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("nft", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("nft %v: %v: %s", args, err, out)
	}
	return string(out)
}

func equal(t *testing.T, k fence.Keeper) {
	t.Helper()
	if err := k.VerifyAll(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTablesReadAsTheirGoldenFiles(t *testing.T) {
	everything := fence.Network{Isolation: fence.IsolatePorts, Host: fence.HostGateways, ValidOnly: true,
		Gateways: []netip.Addr{netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("fd01::1")}}
	for name, walls := range map[string]fence.Network{
		"nat": {ValidOnly: true}, "routed": {Mode: fence.Routed}, "isolated": {Mode: fence.Isolated},
		"walled": {Mode: fence.Routed, Isolation: fence.IsolateNetwork}, "gateways": everything,
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeeper(t)
			add(t, k, 2, elements(2, walls))
			ruleset := nft(t, "list", "ruleset")
			compare(t, filepath.Join("testdata", name+".nft"), ruleset)
			loads(t, ruleset)
		})
	}
}

// loads shows that what a host's administrator saves can be loaded again, but for the target
// of neighbour discovery, for which nft has a word since 1.0.8 only ("icmpv6 taddr").
func loads(t *testing.T, ruleset string) {
	t.Helper()
	lines := strings.Split("flush ruleset\n"+ruleset, "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "@th,64,128") })
	file := filepath.Join(t.TempDir(), "saved.nft")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	nft(t, "-f", file)
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("ruleset differs from %s:\n%s", golden, got)
	}
}

func TestWhatOwnersShareStaysForTheLastOne(t *testing.T) {
	k := newKeeper(t)
	before := nft(t, "list", "ruleset")
	for n := range 5 {
		add(t, k, n+2, elements(n+2, fence.Network{Internal: n == 2}))
		equal(t, k)
	}
	for n := range 5 {
		remove(t, k, n+2)
		equal(t, k)
	}
	if after := nft(t, "list", "ruleset"); after != before {
		t.Errorf("left:\n%s", after)
	}
}

func TestAFlushedRulesetIsWholeAfterTheNextChange(t *testing.T) {
	for _, flushed := range [][]string{{"flush", "ruleset"}, {"delete", "table", "bridge", fence.GuardTable}, {"delete", "table", "inet", fence.WallsTable}} {
		k := newKeeper(t)
		add(t, k, 2, elements(2, fence.Network{}))
		add(t, k, 3, elements(3, fence.Network{}))
		nft(t, flushed...)
		add(t, k, 4, elements(4, fence.Network{}))
		equal(t, k)
		nft(t, flushed...)
		remove(t, k, 3)
		add(t, k, 5, elements(5, fence.Network{}))
		equal(t, k)
	}
}

func TestRepairPutsBackEveryPart(t *testing.T) {
	for _, broken := range [][]string{
		{"flush", "chain", "bridge", fence.GuardTable, "port_arp"}, {"flush", "set", "bridge", fence.GuardTable, "macs"},
		{"flush", "chain", "inet", fence.WallsTable, "forward"},
		{"add", "element", "inet", fence.WallsTable, "internal", "{ demo0 }"}, {"flush", "ruleset"},
	} {
		k := newKeeper(t)
		add(t, k, 2, elements(2, fence.Network{ValidOnly: true}))
		nft(t, broken...)
		if k.VerifyAll(t.Context()) == nil {
			t.Errorf("%v: nothing is found", broken)
		}
		if changed, err := k.Repair(t.Context()); err != nil || !changed {
			t.Errorf("%v: changed %t, %v", broken, changed, err)
		}
		equal(t, k)
		if changed, err := k.Repair(t.Context()); err != nil || changed {
			t.Errorf("%v: a second repair changed %t, %v", broken, changed, err)
		}
	}
}

func TestVerifyNamesWhatIsMissing(t *testing.T) {
	k := newKeeper(t)
	list := elements(2, fence.Network{})
	add(t, k, 2, list)
	var recorded []fence.Element
	err := k.Store.View(t.Context(), func(tx *state.Tx) (err error) {
		recorded, err = fence.Recorded(tx, owner(2))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Verify(t.Context(), owner(2), recorded, list); err != nil {
		t.Error(err)
	}
	nft(t, "delete", "element", "bridge", fence.GuardTable, "senders4", "{ veth2 . 02:00:00:00:00:02 . 10.1.0.2 }")
	err = k.Verify(t.Context(), owner(2), recorded, list)
	if want := "check fence: senders4 veth2 . 02:00:00:00:00:02 . 10.1.0.2 is missing"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
