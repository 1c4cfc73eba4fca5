package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vethbridge/integration/testbed"
	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// TestCallsForOneAttachmentComeOneAfterTheOther: a runtime that gave up on an ADD calls DEL while that is still under way.
// First somebody else is at the attachment, by the same lock; then the call is, while it waits for the kernel's.
func TestCallsForOneAttachmentComeOneAfterTheOther(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	web, _ := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	store, err := state.Open(h.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	owner := attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}
	for _, call := range []testbed.Call{
		{Plugin: "natport", Command: "DEL", Config: n.Chain[1].JSON()},
		{Plugin: "vethbridge", Command: "GC", Config: n.Chain[0].With("cni.dev/valid-attachments", []any{}).JSON()},
		{Plugin: "vethbridge", Command: "ADD", Config: n.Chain[0].JSON()},
		{Plugin: "vethbridge", Command: "DEL", Config: n.Chain[0].JSON()},
	} {
		call.Container, call.Netns = web.ID, web.Netns
		then := h.Snapshot()
		letGo, err := store.LockOwner(t.Context(), owner)
		letOn, err2 := store.LockKernel(t.Context())
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		var answer bytes.Buffer
		cmd := n.Plugins.Command(call)
		cmd.Stdout = &answer
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		what := call.Command + " of " + call.Plugin
		testbed.Await(t, what+" to wait for the attachment", func() bool { return waitedFor(t, filepath.Join(h.StateDir, "owner.lock")) })
		h.Same(t, then)
		letGo()
		testbed.Await(t, what+" to wait for the kernel", func() bool { return waitedFor(t, filepath.Join(h.StateDir, "kernel.lock")) })
		if _, free, err := store.TryLockOwner(owner); free || err != nil {
			t.Errorf("%s is under way, and the attachment is free: %t, %v", what, free, err)
		}
		letOn()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v %s", what, err, answer.String())
		}
	}
	h.Same(t, before)
}

// waitedFor reports whether somebody waits for a lock on a file (proc_locks(5)).
func waitedFor(t *testing.T, path string) bool {
	t.Helper()
	var file syscall.Stat_t
	if err := syscall.Stat(path, &file); err != nil {
		t.Fatal(err)
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(locks)) {
		if strings.Contains(line, " -> ") && strings.Contains(line, fmt.Sprintf(":%d ", file.Ino)) {
			return true
		}
	}
	return false
}

// TestRepairLeavesALinkToTheCallThatIsAtIt: it may be half made.
func TestRepairLeavesALinkToTheCallThatIsAtIt(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	store, err := state.Open(h.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	h.Run("ip", "link", "set", linkOf(h), "nomaster")
	unlock, err := store.LockOwner(t.Context(), attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"})
	if err != nil {
		t.Fatal(err)
	}
	says(t, h, 0, []string{"nothing to repair"}, "repair")
	unlock()
	says(t, h, 0, []string{"made links again what they were"}, "repair")
}
