package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// TestAStateThatCantBeKeptIsRefusedBeforeAnyChange has the state directory in every way unfit.
func TestAStateThatCantBeKeptIsRefusedBeforeAnyChange(t *testing.T) {
	for name, way := range map[string]struct {
		spoil string // a shell command, with the directory as DIR, in a mount namespace of its own
		word  string
	}{
		"read-only":          {"mkdir DIR && mount --bind DIR DIR && mount -o remount,bind,ro DIR", "can't be written"},
		"full":               {"mkdir DIR && mount -t tmpfs -o size=4k,mode=700 none DIR && head -c 4096 /dev/zero > DIR/ballast", "no space left"},
		"without inodes":     {"mkdir DIR && mount -t tmpfs -o nr_inodes=1,mode=700 none DIR", "no space left"},
		"writable by others": {"mkdir -m 777 DIR && chmod 777 DIR", "can be written by others"},
		"of another user":    {"mkdir DIR && chown 65534 DIR", "belongs to user 65534"},
		"a file":             {"touch DIR", "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.StateDir = filepath.Join(h.StateDir, "state")
			n := testbed.DemoNetwork(built, h)
			before := h.Snapshot()
			spoil := strings.ReplaceAll(way.spoil, "DIR", h.StateDir)
			n.Wrap = []string{"unshare", "--mount", "sh", "-c", spoil + ` && exec "$0" "$@"`}
			c := testbed.Container{ID: "web", Netns: h.NewContainer()}
			answer, _ := n.TryAdd(t, c)
			if e, ok := answer.Error(); !ok || e.Code != 11 || e.Details == "" || !strings.Contains(e.Message, way.word) || !strings.Contains(e.Message, "state") {
				t.Errorf("ADD: %s%s, want code 11, a way out, and an error about the state that says %q", answer.Stdout, answer.Stderr, way.word)
			}
			h.Same(t, before)
			if err := os.RemoveAll(h.StateDir); err != nil {
				t.Fatal(err)
			}
			n.Wrap = nil // and a missing one is made
			n.Del(t, c, n.Add(t, c).Raw)
			h.Same(t, before)
		})
	}
}

// TestTheDoctorSeesAFullFileSystem has one that is full behind the last ADD.
func TestTheDoctorSeesAFullFileSystem(t *testing.T) {
	h := newHost(t)
	script := strings.ReplaceAll(`mount -t tmpfs -o size=128k,mode=700 none DIR && "$0" ls --state-dir DIR &&
		"$0" doctor --state-dir DIR --config /nonexistent && { head -c 1M /dev/zero >DIR/ballast; "$0" doctor --state-dir DIR --config /nonexistent; }`, "DIR", h.StateDir)
	out, err := exec.Command("unshare", "--mount", "sh", "-c", script, filepath.Join(string(built), "vethbridge")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "nothing found") || !strings.Contains(string(out), "no room is left on the file system of "+h.StateDir) {
		t.Errorf("%v: %s", err, out)
	}
}

// TestACallThatIsStuckIsNamedByThoseThatWaitForIt holds the lock of the state file.
func TestACallThatIsStuckIsNamedByThoseThatWaitForIt(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	lock, err := os.OpenFile(filepath.Join(h.StateDir, "state.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	doctor := exec.Command(filepath.Join(string(built), "vethbridge"), "doctor", "--state-dir", h.StateDir)
	doctor.Stdout = &said
	if err := doctor.Start(); err != nil {
		t.Fatal(err)
	}
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	answer, _ := n.TryAdd(t, c)
	if e, _ := answer.Error(); e.Code != 11 || !strings.Contains(e.Message, fmt.Sprintf("is held by process %d (", os.Getpid())) {
		t.Errorf("ADD: %s", answer.Stdout)
	}
	_ = doctor.Wait()
	for _, words := range []string{"it was not free in time", "#the-state-file-is-locked", "1 finding\n"} {
		if !strings.Contains(said.String(), words) {
			t.Errorf("doctor: want %q: %s", words, said.String())
		}
	}
	lock.Close()
	h.Same(t, before)
	n.Del(t, c, nil)
	h.Same(t, before)
}
