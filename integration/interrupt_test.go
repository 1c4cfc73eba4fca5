package integration

import (
	"fmt"
	"regexp"
	"testing"

	"vethbridge/integration/testbed"
)

// TestAnInterruptedAddIsTakenBackOrWhole tells an ADD to end at every system call that changes anything. A runtime that ends
// like that may never call DEL. Before anything is changed, the signal may end the plugin.
func TestAnInterruptedAddIsTakenBackOrWhole(t *testing.T) {
	for victim, plugin := range []string{"vethbridge", "natport"} {
		t.Run(plugin, func(t *testing.T) {
			t.Parallel()
			h, n := newDemo(t)
			n.Del(t, testbed.Container{ID: "first", Netns: h.NewContainer()}, nil) // makes the state directory
			c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
			calls := systemCalls(t, n, c, "ADD", victim)
			if victim == 1 {
				first := testbed.Network{Plugins: n.Plugins, Chain: n.Chain[:1]}
				n.Chain = []testbed.Config{n.Chain[1].With("prevResult", first.Add(t, c).Raw)}
			} else {
				n.Chain = n.Chain[:1]
			}
			interruptEverywhere(t, h, n, c, calls)
		})
	}
}

func interruptEverywhere(t *testing.T, h *testbed.Host, n testbed.Network, c testbed.Container, calls map[string]int) {
	t.Helper()
	n.Del(t, c, n.Add(t, c).Raw) // the port of a container stays a hairpin
	before, recorded := h.Snapshot(), booked(t, h)
	ends := map[string]int{}
	delete(calls, "close") // locks alone are no change that could stay
	delete(calls, "flock")
	for call, times := range calls {
		for i := range times {
			ends[interrupt(t, n, c, fmt.Sprintf("inject=%s:signal=SIGTERM:when=%d", call, i+1))]++
			h.Same(t, before)
			if now := booked(t, h); now != recorded {
				t.Errorf("the book says %s, and said %s", now, recorded)
			}
			if t.Failed() {
				t.Fatalf("interrupted at %s number %d", call, i+1)
			}
		}
	}
	t.Log(ends)
	if ends["taken back"] < 10 {
		t.Errorf("only %d calls were taken back", ends["taken back"])
	}
}

// booked is what the book says, but for how long it does.
func booked(t *testing.T, h *testbed.Host) string {
	t.Helper()
	text, _ := operate(t, h, "ls", "--json")
	return age.ReplaceAllString(text, "")
}

var age = regexp.MustCompile(`(?m)^ *"ageSeconds".*\n`)

// interrupt reports how an ADD ended. A whole one must be as CHECK wants it, and is then deleted.
func interrupt(t *testing.T, n testbed.Network, c testbed.Container, when string) string {
	t.Helper()
	answer, result := n.TryAddWrapped(t, c, 0, []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", when})
	if _, told := answer.Error(); told {
		return "taken back"
	}
	if answer.Exit != 0 {
		return "ended at once"
	}
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("ADD succeeded and CHECK says %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
	return "whole"
}
