package integration

import (
	"bytes"
	"errors"
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

// TestStatusKnowsWhetherAnAddFindsRoomForItsRecord fills the file system, all at once and by attachments.
func TestStatusKnowsWhetherAnAddFindsRoomForItsRecord(t *testing.T) {
	for name, way := range map[string]struct {
		options string
		begun   bool // there is an attachment
		attach  int  // more that are tried
	}{
		"full":                       {"size=1m", true, 60},
		"full, nothing in it":        {"size=1m", false, 1},
		"without inodes":             {"nr_inodes=4", false, 1},
		"all that it needs is there": {"nr_inodes=8", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			limited(t, h.StateDir, way.options)
			ready := func() bool {
				a := status(t, n, nil)
				b := n.Plugins.Do(t, testbed.Call{Plugin: "natport", Command: "STATUS", Config: n.Chain[1].JSON()})
				for _, answer := range []testbed.Answer{a, b} {
					if e, failed := answer.Error(); failed && (e.Code != 50 || !strings.Contains(e.Message, "no space left") || !strings.Contains(e.Details, "make room")) {
						t.Errorf("STATUS: %+v", e)
					}
				}
				return a.Exit == 0 && b.Exit == 0
			}
			if way.begun {
				n.Add(t, testbed.Container{ID: "first", Netns: h.NewContainer()})
				if !ready() {
					t.Error("STATUS fails while there is room")
				}
			}
			if strings.HasPrefix(name, "full") {
				fillUp(t, filepath.Join(h.StateDir, "ballast"))
			}
			for i := range way.attach {
				before := ready()
				c := testbed.Container{ID: fmt.Sprint("c", i), Netns: h.NewContainer()}
				if a, _ := n.TryAdd(t, c); a.Exit == 0 && name != "full" && !before {
					t.Error("STATUS fails, and ADD does not")
				} else if a.Exit != 0 && before {
					t.Fatalf("attachment %d: STATUS succeeds, and ADD fails: %s", i, a.Stdout)
				} else if a.Exit != 0 {
					return
				}
			}
			if name == "full" {
				t.Error("there is room for ever")
			}
		})
	}
}

// limited mounts a tmpfs with options at dir for the time of the test.
func limited(t *testing.T, dir, options string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,"+options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// fillUp leaves the file system of a file no byte.
func fillUp(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	f.Close()
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
