package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestNoProcessIsStarted traces a whole ADD and DEL of both plugins.
func TestNoProcessIsStarted(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatalf("this test needs strace: %v", err)
	}
	h, n := newDemo(t)
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
	trace := filepath.Join(t.TempDir(), "trace")
	n.Wrap = []string{"strace", "-f", "-e", "trace=execve,execveat", "-A", "-o", trace}
	n.Del(t, c, n.Add(t, c).Raw)
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var started []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "exec") && !strings.Contains(line, "resumed") {
			started = append(started, line)
		}
	}
	if len(started) != 4 {
		t.Errorf("%d programs were started by 4 calls:\n%s", len(started), strings.Join(started, ""))
	}
}
