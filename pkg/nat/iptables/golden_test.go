package iptables

import (
	"flag"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

var update = flag.Bool("update", false, "write the golden files")

// TestRulesReadAsTheirGoldenFiles shows what each case makes of the kernel, in the words of
// iptables-save. Both variants spell it alike.
func TestRulesReadAsTheirGoldenFiles(t *testing.T) {
	for _, v := range []Variant{NFT, Legacy} {
		for _, c := range nattest.Cases() {
			t.Run(v.String()+"/"+c.Name, func(t *testing.T) {
				netnstest.Inside(t)
				load(t, New(v), c.Want)
				compare(t, kernel(t, v), filepath.Join("testdata", strings.ReplaceAll(c.Name, " ", "-")+".rules"))
			})
		}
	}
}

func load(t *testing.T, b *Backend, want nat.Translations) {
	t.Helper()
	keeper := nat.Keeper{Store: statetest.Open(t, nat.CheckBook), Backends: nattest.Only(b), Log: slog.New(slog.DiscardHandler)}
	err := keeper.Store.Update(t.Context(), func(tx *state.Tx) error {
		return tx.PutAttachment(state.Attachment{Owner: nattest.Owner(1), BootID: tx.BootID()})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := keeper.Replace(t.Context(), nattest.Owner(1), nat.PartNatport, nat.Nftables, want); err != nil {
		t.Fatal(err)
	}
}

// kernel is what the programs that save print for both families, but for the kernel's own
// chains, comments (the time of day) and the order of tables, which differs by variant.
func kernel(t *testing.T, v Variant) string {
	t.Helper()
	var b strings.Builder
	for _, f := range families() {
		for _, table := range tables() {
			out, err := exec.Command(f.program+"-"+v.String()+"-save", "-t", table.name).Output()
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString("# " + f.program + "-save -t " + table.name + "\n")
			for line := range strings.Lines(string(out)) {
				if !strings.HasPrefix(line, "#") && !strings.Contains(line, " ACCEPT [") {
					b.WriteString(line)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func compare(t *testing.T, got, golden string) {
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
		t.Errorf("rules differ from %s:\n%s", golden, got)
	}
}
