package runtimes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// kept is what the machine needs of /run to be the same after a reboot.
var kept = []string{"/run/netns", "/run/containers.conf", "/run/policy.json", "/run/trixie", "/run/boot_id"}

// reboot ends all processes of the machine and takes away what dies with a boot: namespaces,
// links, rules, the files in /run. The LAN stays.
func reboot(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-1, syscall.SIGKILL); err != nil { // all but process 1, which is this one
		t.Fatal(err)
	}
	unmountRun(t)
	run(t, "nft", "flush", "ruleset")
	for line := range strings.Lines(run(t, "ip", "-br", "link")) {
		name, _, _ := strings.Cut(strings.Fields(line)[0], "@")
		if name != "lo" && name != "uplink" {
			_, _ = try("ip", "link", "delete", name) // a veth may have gone with its other end
		}
	}
	run(t, "sysctl", "-qw", "net.ipv4.ip_forward=0")
	write(t, "/run/boot_id", "00000000-1111-4222-8333-444444444444\n")
	run(t, "mount", "--bind", "/run/boot_id", "/proc/sys/kernel/random/boot_id")
}

// unmountRun empties /run, apart from what is kept.
func unmountRun(t *testing.T) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if path := strings.Fields(line)[1]; strings.HasPrefix(path, "/run/") && path != "/run/netns" && path != "/run/netns/lan" {
			_, _ = try("umount", "--lazy", path) // those below another go with it
		}
	}
	entries, err := filepath.Glob("/run/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.DeleteFunc(entries, func(path string) bool { return slices.Contains(kept, path) }) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}
