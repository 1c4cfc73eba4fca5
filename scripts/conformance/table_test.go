package main

import (
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

func TestWhatFailedIsNoResult(t *testing.T) {
	for _, text := range []string{"conformance: a | b | ADD | c | FAILED", "conformance: a | b"} {
		if _, err := parseLog(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
