package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// enter makes a copy of a folder the root of a mount namespace of its own, and holds it. What is
// written there stays in memory. Containers need a root that can be pivoted from.
const enter = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" debian "$2/root"
cd "$2/root"
for dir in proc sys dev; do mount --rbind /$dir $dir; done
mount -t tmpfs tmpfs run
mkdir -p var/lib/docker old
mount -t tmpfs tmpfs var/lib/docker
pivot_root . old
umount -l /old
touch /run/entered
exec sleep infinity
`

// debian is another Debian on a host, with programs that this one has not got.
type debian struct {
	host *host
	root string // its root, as seen from here
	pid  string // of a process in it
}

// newDebian enters the Debian in a folder, until the host ends.
func (b *bench) newDebian(h *host) (debian, error) {
	folder, err := filepath.Abs(b.debian)
	if err != nil {
		return debian{}, err
	}
	dir := filepath.Join(h.dir, "debian")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return debian{}, err
	}
	holder, err := h.background(exec.Command("unshare", "--mount", "sh", "-c", enter, "sh", folder, dir))
	if err != nil {
		return debian{}, err
	}
	pid := fmt.Sprint(holder.Process.Pid)
	d := debian{h, "/proc/" + pid + "/root", pid}
	return d, await("the other Debian", func() bool {
		_, err := os.Stat(d.root + "/run/entered")
		return err == nil
	})
}

// command is a program of the other Debian, in its mount namespace.
func (d debian) command(words ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--mount", "--target", d.pid}, words...)...)
}

// version is the first word of what a program says of itself that looks like one.
func (d debian) version(program string) (string, error) {
	out, err := d.command(program, "--version").Output()
	for _, word := range strings.Fields(string(out)) {
		if word[0] >= '0' && word[0] <= '9' {
			return strings.Trim(word, ","), err
		}
	}
	return "unknown", err
}

// background starts a program in the host's namespace, which ends with the host.
func (h *host) background(cmd *exec.Cmd) (*exec.Cmd, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := h.do(cmd.Start); err != nil {
		return nil, err
	}
	h.end = append(h.end, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
	})
	return cmd, nil
}

// await waits for what a daemon does in its own time.
func await(what string, done func() bool) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return nil
		}
	}
	return fmt.Errorf("wait for %s: in vain", what)
}
