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

// imageArchive is an image that without another command serves the pod's name on port 81; on a host's
// network, where the port may be taken, it sleeps.
func imageArchive(t *testing.T) string {
	t.Helper()
	return archive(t, image, rootfs(t), "/bin/sh", "-c", `/bin/probe serve "$(/bin/busybox hostname)" 81 || sleep 100000`)
}

// archive makes an image of a directory, as "docker save" does.
func archive(t *testing.T, name, root string, command ...string) string {
	t.Helper()
	dir := root + ".image"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "tar", "-C", root, "-cf", dir+"/layer.tar", ".")
	layer, err := os.ReadFile(dir + "/layer.tar")
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(layer)
	writeJSON(t, dir+"/config.json", map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Cmd": command},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
	writeJSON(t, dir+"/manifest.json", []any{
		map[string]any{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}},
	})
	run(t, "tar", "-C", dir, "-cf", dir+".tar", "manifest.json", "config.json", "layer.tar")
	return dir + ".tar"
}
