package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// inProc is a sysctl that is looked up in /proc, by a name that each namespace has there.
var inProc = regexp.MustCompile(`"/proc/sys/net/ipv[46]/[^"]*"`)

// crowdBook enters so many attachments in the book of a host that it is a crowd to the plugins.
func crowdBook(t *testing.T, h *testbed.Host) {
	t.Helper()
	store, err := state.Open(h.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	err = store.Update(context.Background(), func(tx *state.Tx) error {
		for i := range 200 {
			owner := attachment.Owner{Network: "crowd", ContainerID: fmt.Sprint(i), IfName: "eth0"}
			if err := tx.PutAttachment(state.Attachment{Owner: owner, BootID: tx.BootID()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBesideManyNoSysctlIsLookedUpWhereAllNamespacesAre: there a look-up takes the longer the more
// of them there are.
func TestBesideManyNoSysctlIsLookedUpWhereAllNamespacesAre(t *testing.T) {
	h, n := newDemo(t)
	crowdBook(t, h)
	mounted := h.Run("findmnt", "--list", "--types", "proc")
	eachVerb(t, h, n, func(name string, call testbed.Call) string {
		stdout, trace := straced(t, n.Plugins, call)
		if found := inProc.FindString(trace); found != "" && call.Command != "GC" {
			t.Errorf("%s looks up %s", name, found)
		}
		if made := strings.Count(trace, "fsmount("); made > 1 {
			t.Errorf("%s makes %d instances of procfs", name, made)
		}
		return stdout
	})
	if now := h.Run("findmnt", "--list", "--types", "proc"); now != mounted {
		t.Errorf("mounted were\n%s\nand are\n%s", mounted, now)
	}
}

// TestBesideManyAttachmentsAreWholeWithoutAnInstanceOfProcfs: rootless and nested set-ups refuse it, and old kernels don't know it.
func TestBesideManyAttachmentsAreWholeWithoutAnInstanceOfProcfs(t *testing.T) {
	h, n := newDemo(t)
	crowdBook(t, h)
	n.Chain = n.Chain[:1]
	before := h.Snapshot()
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	h.Serve(c.Netns, "tcp", 80, "web")
	for _, call := range []string{"fsopen", "fsconfig", "fsmount"} {
		for _, errno := range []string{"EPERM", "ENOSYS", "ENOMEM"} {
			log := filepath.Join(t.TempDir(), "log")
			n := n.With(0, "logFile", log).With(0, "logLevel", "debug")
			n.Wrap = []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=" + call + ":error=" + errno}
			result := n.Add(t, c)
			if told, err := os.ReadFile(log); !strings.Contains(string(told), "make an instance of procfs") {
				t.Errorf("%s %s: the log is %s, %v", call, errno, told, err)
			}
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("%s %s: CHECK: %s", call, errno, a.Stdout)
			}
			expect(t, h, "", "tcp", strings.TrimSuffix(result.IPs[0].Address, "/24"), 80, "web", "10.99.0.1")
			n.Del(t, c, result.Raw)
			h.Same(t, before)
		}
	}
}
