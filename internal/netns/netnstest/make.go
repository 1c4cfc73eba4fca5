package netnstest

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Make makes a fresh network namespace, bound to a path as runtimes do it, and returns the
// path. It goes with the test.
func Make(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "netns")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- bind(t, path) }()
	if err := <-done; err != nil {
		t.Fatalf("bind network namespace to %s: %v", path, err)
	}
	t.Cleanup(func() { Remove(path) })
	return path
}

func bind(t testing.TB, path string) error {
	Inside(t)
	return unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
}

// Remove unbinds the namespace at path, so that nothing but an empty file is left there.
func Remove(path string) { _ = unix.Unmount(path, unix.MNT_DETACH) }
