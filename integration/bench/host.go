package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// host is a private host namespace: a thread that lives in it and does the work.
type host struct {
	work chan func()
	dir  string   // for state, on tmpfs as on a real host
	path string   // of its namespace
	end  []func() // what is to be done when it ends, last first
}

// newHost makes a host with an uplink to a namespace that stands for the LAN.
func newHost(dir string) (*host, error) {
	h := &host{work: make(chan func()), dir: dir}
	h.path = h.namespace("host")
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the namespace ends with the thread
		ready <- newNetns(h.path)
		for fn := range h.work {
			fn()
		}
	}()
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("make network namespace (this needs root): %w", err)
	}
	lan, err := h.newNamespace("lan")
	if err != nil {
		return nil, err
	}
	return h, h.do(func() error { return uplink(lan) })
}

func uplink(lan string) error {
	for _, command := range []string{
		"ip link set lo up",
		"ip link add uplink type veth peer name eth0 netns " + lan,
		"ip addr add 198.51.100.1/24 dev uplink",
		"ip link set uplink up",
		"nsenter --net=" + lan + " ip addr add 198.51.100.2/24 dev eth0",
		"nsenter --net=" + lan + " ip link set eth0 up",
		"ip route add default via 198.51.100.2",
	} {
		words := strings.Fields(command)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
	}
	return nil
}

// do runs fn in the host's namespace; so do the processes that it starts.
func (h *host) do(fn func() error) (err error) {
	done := make(chan struct{})
	h.work <- func() { err = fn(); close(done) }
	<-done
	return err
}

// namespace is the path of a namespace by its name.
func (h *host) namespace(name string) string { return filepath.Join(h.dir, "netns-"+name) }

// newNamespace makes a namespace for a container and returns its path.
func (h *host) newNamespace(name string) (string, error) {
	path := h.namespace(name)
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- newNetns(path)
	}()
	return path, <-done
}

// newNetns puts the calling thread into a new namespace, which is kept at path.
func newNetns(path string) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	return unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
}

// forget lets a namespace end.
func forget(path string) {
	_ = unix.Unmount(path, unix.MNT_DETACH)
	_ = os.Remove(path)
}

// close ends the host and what is left of its namespaces.
func (h *host) close() {
	for _, fn := range slices.Backward(h.end) {
		fn()
	}
	close(h.work)
	left, _ := filepath.Glob(filepath.Join(h.dir, "netns-*"))
	for _, path := range left {
		forget(path)
	}
}
