package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

func TestDirectoryThatOthersCouldChangeIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"writable by all":   func(dir string) error { return os.Chmod(dir, 0o777) },
		"writable by group": func(dir string) error { return os.Chmod(dir, 0o770) },
		"of another user":   func(dir string) error { return os.Chown(dir, 65534, 65534) },
	} {
		dir := filepath.Join(t.TempDir(), "state")
		if err := errors.Join(os.Mkdir(dir, 0o700), spoil(dir)); err != nil {
			t.Fatalf("%s: %v (the test must run as root)", name, err)
		}
		_, err := state.Open(dir)
		var unfit *state.DirError
		if !errors.As(err, &unfit) {
			t.Errorf("%s: error %v, want a DirError", name, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s: left %v", name, entries)
		}
	}
}

// mountTmpfs mounts a tmpfs that only this test sees. Its thread is never used again, so
// the mount namespace ends with the test.
func mountTmpfs(t *testing.T, options string) string {
	t.Helper()
	runtime.LockOSThread()
	dir := t.TempDir()
	err := errors.Join(
		unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,"+options),
	)
	if err != nil {
		t.Fatalf("mount tmpfs: %v (the test must run as root)", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestReadOnlyDirectoryIsRefused(t *testing.T) {
	dir := mountTmpfs(t, "size=64k")
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	_, err := state.Open(dir)
	var unfit *state.DirError
	if !errors.As(err, &unfit) {
		t.Errorf("error %v, want a DirError", err)
	}
}

// TestFullDiskKeepsWhatIsThereAndLetsItGo: an ADD that finds no space fails and changes
// nothing, and DEL needs no space.
func TestFullDiskKeepsWhatIsThereAndLetsItGo(t *testing.T) {
	dir := mountTmpfs(t, "size=256k")
	s, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var there []attachment.Owner
	for full := false; !full; {
		o := attachment.Owner{Network: "demo", ContainerID: fmt.Sprint("c", len(there)), IfName: "eth0"}
		err := s.Update(context.Background(), func(tx *state.Tx) error {
			return tx.PutAttachment(state.Attachment{Owner: o})
		})
		switch {
		case err == nil:
			there = append(there, o)
		case errors.Is(err, unix.ENOSPC):
			full = true
		default:
			t.Fatal(err)
		}
	}
	statetest.Check(t, s)
	for _, o := range there {
		if !has(t, s, o) {
			t.Fatalf("%s is gone", o)
		}
		if err := s.Update(context.Background(), func(tx *state.Tx) error { return tx.DeleteAttachment(o) }); err != nil {
			t.Fatalf("delete %s of %d: %v", o, len(there), err)
		}
	}
	statetest.Check(t, s)
}

// TestDiskFullFromTheStartLeavesNoHalfFile: a state file that could not be begun is no
// corrupt one later.
func TestDiskFullFromTheStartLeavesNoHalfFile(t *testing.T) {
	dir := mountTmpfs(t, "size=64k")
	s, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 60<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	err = s.Update(context.Background(), func(tx *state.Tx) error {
		return tx.PutAttachment(state.Attachment{Owner: web})
	})
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("error %v, want ENOSPC", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	put(t, s, state.Attachment{Owner: web})
	if aside, _ := filepath.Glob(filepath.Join(dir, "*corrupt*")); len(aside) > 0 || !has(t, s, web) {
		t.Errorf("set aside %v", aside)
	}
}
