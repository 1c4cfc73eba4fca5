package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestNothingIsLookedUpBelowAThreadInProc, since the runtime would pay for it: while it waits for the process,
// it takes down with the kernel what was looked up of threads that end (internal/netns/own.go).
func TestNothingIsLookedUpBelowAThreadInProc(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "other", testbed.Port{HostPort: 8080, ContainerPort: 80})
	eachVerb(t, h, n, func(name string, call testbed.Call) (stdout string) {
		stdout, trace := straced(t, n.Plugins, call)
		for line := range strings.Lines(trace) {
			if strings.Contains(line, "/proc/thread-self") || strings.Contains(line, "/task/") {
				t.Errorf("%s: %s", name, line)
			}
		}
		return stdout
	})
}
