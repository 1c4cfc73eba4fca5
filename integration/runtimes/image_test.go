package runtimes

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// image is the name of the image that imageArchive holds.
const image = "localhost/probe:1"

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

// imageArchive makes an image as "docker save" does. Without another command it serves the
// pod's name on port 81; on a host's network, where the port may be taken, it sleeps.
func imageArchive(t *testing.T) string {
	t.Helper()
	dir := "/run/image"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "tar", "-C", rootfs(t), "-cf", dir+"/layer.tar", ".")
	layer, err := os.ReadFile(dir + "/layer.tar")
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(layer)
	writeJSON(t, dir+"/config.json", map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Cmd": []string{"/bin/sh", "-c", `/bin/probe serve "$(/bin/busybox hostname)" 81 || sleep 100000`}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
	writeJSON(t, dir+"/manifest.json", []any{
		map[string]any{"Config": "config.json", "RepoTags": []string{image}, "Layers": []string{"layer.tar"}},
	})
	run(t, "tar", "-C", dir, "-cf", dir+".tar", "manifest.json", "config.json", "layer.tar")
	return dir + ".tar"
}
