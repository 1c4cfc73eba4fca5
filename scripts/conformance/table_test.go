package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const log = `=== RUN   TestX
    machine_test.go:79: 86: conformance: podman | podman 5.4.2 | ADD | reaches the LAN | ok
    machine_test.go:79: 87: conformance: podman | podman 5.4.2 | DEL | leaves nothing | ok
    x_test.go:7: conformance: cnitool | cnitool 1.3.1 | ADD | reaches the LAN | ok
`

func read(t *testing.T, log string) table {
	t.Helper()
	told, err := parseLog(log)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func TestAPageIsReadAsItWasWritten(t *testing.T) {
	page := read(t, log).markdown()
	if again := parsePage(page).markdown(); again != page {
		t.Errorf("was\n%s\nis\n%s", page, again)
	}
	for _, want := range []string{"| podman | podman 5.4.2 |", "| ADD | reaches the LAN | yes | yes |", "| DEL | leaves nothing | | yes |"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %s:\n%s", want, page)
		}
	}
}

func TestARunReplacesWhatIsKnownOfItsRuntimesOnly(t *testing.T) {
	known := read(t, log)
	known.replace(read(t, "conformance: podman | podman 5.5.0 | ADD | reaches the LAN | ok\n"))
	page := known.markdown()
	if strings.Contains(page, "leaves nothing") || !strings.Contains(page, "| podman | podman 5.5.0 |") || !strings.Contains(page, "cnitool 1.3.1") {
		t.Error(page)
	}
}

func TestAPageLosesACaseOnlyWhereThatIsWanted(t *testing.T) {
	dir := t.TempDir()
	page, run1 := filepath.Join(dir, "page.md"), filepath.Join(dir, "log")
	before := read(t, log).markdown()
	for name, text := range map[string]string{page: before, run1: "conformance: podman | podman 5.5.0 | ADD | reaches the LAN | ok\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{run1, page}); err == nil || !strings.Contains(err.Error(), "podman: DEL: leaves nothing") {
		t.Errorf("a lost case: %v", err)
	}
	if text, err := os.ReadFile(page); err != nil || string(text) != before {
		t.Errorf("%v, the page is now\n%s", err, text)
	}
	if err := run([]string{"-drop", run1, page}); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(page); err != nil || strings.Contains(string(text), "leaves nothing") {
		t.Errorf("%v, the page is now\n%s", err, text)
	}
}

func TestWhatFailedIsNoResult(t *testing.T) {
	for _, text := range []string{"conformance: a | b | ADD | c | FAILED", "conformance: a | b"} {
		if _, err := parseLog(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
