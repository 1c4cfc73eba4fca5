package nft

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/internal/netfilter"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

var update = flag.Bool("update", false, "write the golden files")

// TestRulesetsReadAsTheirGoldenFiles shows what each case makes of the kernel, in the words
// of the nft binary, which only this test needs.
func TestRulesetsReadAsTheirGoldenFiles(t *testing.T) {
	for _, c := range nattest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			netnstest.Inside(t)
			conn := &netfilter.Conn{}
			t.Cleanup(func() { _ = conn.Close() })
			keeper := newKeeper(t, New(conn))
			if err := keeper.Replace(t.Context(), nattest.Owner(1), nat.PartNatport, nat.Nftables, c.Want); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", strings.ReplaceAll(c.Name, " ", "-")+".nft")
			compare(t, golden)
			loads(t, golden)
		})
	}
}

func compare(t *testing.T, golden string) {
	t.Helper()
	got, err := exec.Command("nft", "list", "table", "inet", TableName).CombinedOutput()
	if err != nil {
		t.Fatalf("nft: %v: %s", err, got)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("ruleset differs from %s:\n%s", golden, got)
	}
}

// loads says that a ruleset that an administrator saved can be loaded again.
func loads(t *testing.T, golden string) {
	t.Helper()
	netnstest.Inside(t)
	if out, err := exec.Command("nft", "-f", golden).CombinedOutput(); err != nil {
		t.Errorf("%s can't be loaded: %s", golden, out)
	}
}
