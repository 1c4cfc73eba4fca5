package operator

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completionFile writes the completion of a shell into a file.
func completionFile(t *testing.T, shell string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if status := Run(context.Background(), []string{"completion", shell}, nil, &out, &errOut); status != exitFine {
		t.Fatalf("completion %s: exit %d: %s", shell, status, errOut.String())
	}
	file := filepath.Join(t.TempDir(), shell)
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// shellRun runs a program beside a vethbridge whose ls lists one attachment.
func shellRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'NETWORK CONTAINER'\necho 'demo web'\n"
	if err := os.WriteFile(filepath.Join(dir, "vethbridge"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

func TestEveryShellReadsItsCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out := shellRun(t, shell, "-n", completionFile(t, shell)); out != "" {
			t.Errorf("%s: %s", shell, out)
		}
	}
	var out, errOut bytes.Buffer
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}} {
		if status := Run(context.Background(), args, nil, &out, &errOut); status != exitUsage || !strings.Contains(errOut.String(), "can be bash, zsh, fish") {
			t.Errorf("%v: exit %d: %s", args, status, errOut.String())
		}
	}
}

// completed are lines that end where the cursor is, and what shall be offered there.
var completed = map[string][]string{
	"vethbridge ":                     names(),
	"vethbridge co":                   {"completion"},
	"vethbridge ls --c":               {"--check", "--container"},
	"vethbridge ls --check --net":     {"--network"},
	"vethbridge graph --format ":      {"dot", "mermaid", "png", "svg", "text"},
	"vethbridge graph --format m":     {"mermaid"},
	"vethbridge gc --dry":             {"--dry-run"},
	"vethbridge gc --network ":        {"demo"},
	"vethbridge ls --container w":     {"web"},
	"vethbridge inspect w":            {"web"},
	"vethbridge completion f":         {"fish"},
	"vethbridge help rep":             {"repair"},
	"vethbridge ls --state-dir /proc": {"/proc"},
}

func offers(t *testing.T, shell, line, out string, want []string) {
	t.Helper()
	var got []string
	for l := range strings.Lines(out) {
		word, _, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "\t") // fish says more behind a tab
		got = append(got, strings.TrimSuffix(word, "/"))
	}
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("%s: %q is completed by %q, want %q", shell, line, got, want)
	}
}

func TestBashOffersWhatCanStandAtTheCursor(t *testing.T) {
	file := completionFile(t, "bash")
	const script = `compopt() { :; }; . "$1"; COMP_WORDS=($2); [ "${2% }" = "$2" ] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _vethbridge; printf '%s\n' "${COMPREPLY[@]}"`
	for line, want := range completed {
		offers(t, "bash", line, shellRun(t, "bash", "-c", script, "bash", file, line), want)
	}
}

func TestFishOffersWhatCanStandAtTheCursor(t *testing.T) {
	file := completionFile(t, "fish")
	for line, want := range completed {
		offers(t, "fish", line, shellRun(t, "fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, line), want)
	}
}
