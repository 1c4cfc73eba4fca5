package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/internal/operator"
)

const manual = "../../docs/man"

func pages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(manual + "/*.8")
	if err != nil || len(files) != 2 {
		t.Fatalf("%v: %v", err, files)
	}
	return files
}

func TestTheManualIsThatOfTheCommandsAndTheReference(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{"../../docs/reference.md", dir}); err != nil {
		t.Fatal(err)
	}
	for _, file := range pages(t) {
		have, err := os.ReadFile(file)
		want, wantErr := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
		if err != nil || wantErr != nil || string(have) != string(want) {
			t.Errorf("%s is out of date (%v, %v): make man", file, err, wantErr)
		}
	}
}

// rendered is a page as man shows it, and what it warns of.
func rendered(t *testing.T, file string) (text, warnings string) {
	t.Helper()
	cmd := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=1000", "MANROFFSEQ=", "MAN_KEEP_FORMATTING=", "PAGER=cat")
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("man %s: %v: %s", file, err, errOut.String())
	}
	return out.String(), errOut.String()
}

func TestManReadsThePagesWithoutAWarning(t *testing.T) {
	for _, file := range pages(t) {
		if _, warnings := rendered(t, file); warnings != "" {
			t.Errorf("%s: %s", file, warnings)
		}
	}
}

func TestThePageShowsEveryCommandAndFlagAsItIsTyped(t *testing.T) {
	text, _ := rendered(t, manual+"/vethbridge.8")
	for _, c := range operator.Commands() {
		if line := strings.Join(c.Synopsis(), " "); !strings.Contains(text, line) {
			t.Errorf("the page lacks %s", line)
		}
	}
	for _, words := range []string{"`-- bridge cni0: ", "vethbridge graph --format svg > host.svg", "table bridge vethbridge"} {
		if !strings.Contains(text, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
}

func TestTextIsEscapedForTroff(t *testing.T) {
	for text, want := range map[string]string{
		`a\b`: `a\eb`, ".dot": `\&.dot`, "'q": `\&'q`, "a\n.b": "a\n\\&.b", "--x": `\-\-x`, "`key` of [page](#x)": `\fBkey\fR of page`, "**now**": `\fInow\fR`,
	} {
		if got := inline(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}
