package runtimes

import (
	"os"
	"path/filepath"
	"testing"
)

// rootfs makes the files of an image: busybox, and the probe that serves and asks.
func rootfs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("/run", "rootfs")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "cp", "/usr/bin/busybox", filepath.Join(bin, "probe"), filepath.Join(dir, "bin"))
	for _, name := range []string{"sh", "ip", "ping", "sleep"} {
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
