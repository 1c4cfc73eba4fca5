package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// traced returns the network with every start of a program noted, and what tells which.
func traced(t *testing.T, n testbed.Network) (testbed.Network, func() []string) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatalf("this test needs strace: %v", err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	n.Wrap = []string{"strace", "-f", "-e", "trace=execve,execveat", "-A", "-o", trace}
	return n, func() (started []string) {
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		begun := map[string]string{} // by process: a call whose end strace could not write behind its beginning
		for line := range strings.Lines(string(text)) {
			pid, call, _ := strings.Cut(line, " ")
			if before, unfinished := strings.CutSuffix(line, " <unfinished ...>\n"); unfinished {
				begun[pid] = before
			} else if strings.Contains(call, "exec") && strings.Contains(call, " = 0") {
				started = append(started, begun[pid]+line)
				delete(begun, pid)
			}
		}
		return started
	}
}

// TestNoProcessIsStarted traces a whole ADD and DEL of both plugins.
func TestNoProcessIsStarted(t *testing.T) {
	h, n := newDemo(t)
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
	n, started := traced(t, n)
	n.Del(t, c, n.Add(t, c).Raw)
	if list := started(); len(list) != 4 {
		t.Errorf("%d programs were started by 4 calls:\n%s", len(list), strings.Join(list, ""))
	}
}

// TestIptablesIsStartedOnceAFamilyForAChange is about the first ADD on a host, later ones, and DEL, of a
// network with both families.
func TestIptablesIsStartedOnceAFamilyForAChange(t *testing.T) {
	for _, backend := range backendNames[1:] {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend)
			for port, id := range []string{"first", "second", "third"} {
				c := testbed.Container{ID: id, Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080 + port, ContainerPort: 80}}}
				watched, started := traced(t, n)
				watched.Add(t, c)
				if list := started(); len(list) != 2+2 {
					t.Errorf("%d programs were started by 2 calls for the %s container:\n%s", len(list), id, strings.Join(list, ""))
				}
			}
			watched, started := traced(t, n)
			watched.Del(t, testbed.Container{ID: "second"}, nil)
			if list := started(); len(list) != 2+2 {
				t.Errorf("%d programs were started by 2 calls:\n%s", len(list), strings.Join(list, ""))
			}
		})
	}
}
