package integration

import (
	"os"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestALostStateFileBesideTablesOfAnotherReleaseIsTold has both happen at once: nothing says then what ports the running
// containers have, so that tables that are made anew would leave them without, or give them to others.
func TestALostStateFileBesideTablesOfAnotherReleaseIsTold(t *testing.T) {
	for way, plugins := range inPlace(t) {
		t.Run(way, func(t *testing.T) {
			u := newUpgrading(t, plugins[0])
			if err := os.Remove(u.bookFile()); err != nil {
				t.Fatal(err)
			}
			u.n.Plugins = plugins[1]
			before := u.h.Snapshot()
			u.unbroken("refused", func() {
				for range 2 { // the second finds what the first has left of a file
					answer, _ := u.n.TryAdd(t, testbed.Container{ID: "next", Netns: u.h.NewContainer()})
					told(t, "ADD", answer, "rebuild state: rules are as another release makes them")
					told(t, "DEL", u.n.TryDel(t, u.web, 0), "rebuild state: rules are as another release makes them")
					for _, command := range []string{"ls", "check", "repair", "doctor"} {
						u.tool(1, "rules are as another release makes them", command)
					}
				}
			})
			u.h.Same(t, before)
			u.n.Plugins = plugins[0]
			u.tool(0, "8080", "ls")
			u.n.Plugins = plugins[1]
			u.unbroken("ADD", u.newcomer)
			u.tool(0, "8080", "ls")
			u.tool(0, "all is as the state file says", "check")
			u.end()
		})
	}
}

// told wants an error with these words.
func told(t *testing.T, verb string, a testbed.Answer, words string) {
	t.Helper()
	if e, ok := a.Error(); !ok || !strings.Contains(e.Message, words) {
		t.Errorf("%s: %s%s, want %q", verb, a.Stdout, a.Stderr, words)
	}
}
