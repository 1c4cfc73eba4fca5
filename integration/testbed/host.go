package testbed

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
)

// The addresses of the uplink between the host and the LAN.
const (
	HostAddr4 = "198.51.100.1"
	LANAddr4  = "198.51.100.2"
	HostAddr6 = "2001:db8:1::1"
	LANAddr6  = "2001:db8:1::2"
)

// Host is a private host with a LAN behind its uplink. The goroutine that made it lives in
// the host's namespace for the rest of its life, and so do the processes that it starts.
type Host struct {
	LAN      string // path of the LAN's namespace
	StateDir string
	t        testing.TB
	serving  []io.Closer
}

// NewHost moves the test into a fresh host namespace. It needs root.
func NewHost(t testing.TB) *Host {
	t.Helper()
	netnstest.Inside(t)
	h := &Host{LAN: netnstest.Make(t), StateDir: tmpfsDir(t), t: t}
	h.Run("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", h.LANFile())
	h.Run("ip", "addr", "add", HostAddr4+"/24", "dev", "uplink")
	h.RunIn(h.LAN, "ip", "addr", "add", LANAddr4+"/24", "dev", "eth0")
	if hasIPv6() {
		h.Run("ip", "addr", "add", HostAddr6+"/64", "dev", "uplink", "nodad")
		h.RunIn(h.LAN, "ip", "addr", "add", LANAddr6+"/64", "dev", "eth0", "nodad")
	}
	h.Run("ip", "link", "set", "uplink", "up")
	h.RunIn(h.LAN, "ip", "link", "set", "eth0", "up")
	h.WaitCarrier("uplink")
	h.Run("ip", "route", "add", "default", "via", LANAddr4)
	if hasIPv6() {
		h.Run("ip", "-6", "route", "add", "default", "via", LANAddr6)
	}
	return h
}

// hasIPv6 reports whether the kernel has it: a virtual machine may be started without.
func hasIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// WaitCarrier waits until the kernel has taken note of the other end, and the link has its
// own link-local address: both come in their own time, and would stand in a snapshot.
func (h *Host) WaitCarrier(dev string) {
	h.t.Helper()
	Await(h.t, "link "+dev+" to come up", func() bool {
		text := h.Run("ip", "address", "show", "dev", dev)
		return strings.Contains(text, "state UP") && (strings.Contains(text, "fe80::") || !hasIPv6())
	})
}

// Await looks until what the kernel or a daemon does in its own time is done. The limit is for what never comes:
// the kernel takes dead namespaces apart one after the other, those of others before, which has taken it more than
// ten seconds on a busy machine.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// T is the test that the host belongs to.
func (h *Host) T() testing.TB { return h.t }

// LANFile is how ip(8) is told the LAN's namespace.
func (h *Host) LANFile() string { return h.LAN }

// NewContainer makes a container's namespace and returns its path.
func (h *Host) NewContainer() string {
	h.t.Helper()
	return netnstest.Make(h.t)
}

// Run runs a command on the host and returns its output; a failure ends the test.
func (h *Host) Run(name string, args ...string) string {
	h.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// RunIn runs a command in the namespace at path.
func (h *Host) RunIn(path, name string, args ...string) string {
	h.t.Helper()
	return h.Run("nsenter", append([]string{"--net=" + path, name}, args...)...)
}

// In runs fn in the namespace at path; "" is the host.
func (h *Host) In(path string, fn func() error) error {
	if path == "" {
		return fn()
	}
	ns, err := netns.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	return ns.Do(fn)
}

// Sysctl sets a sysctl of the host's namespace. Key is a path below /proc/sys.
func (h *Host) Sysctl(key, value string) {
	h.t.Helper()
	if err := os.WriteFile("/proc/sys/"+key, []byte(value), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// WaitLinkGone waits until a bridge has no ports any more: a dead namespace is taken apart
// by the kernel in its own time.
func (h *Host) WaitLinkGone(t testing.TB, bridge string) {
	t.Helper()
	Await(t, "bridge "+bridge+" to have no ports", func() bool {
		return !strings.Contains(h.Run("ip", "link", "show", "master", bridge), "veth")
	})
}

// tmpfsDir makes a directory on tmpfs, as /run is one on a real host.
func tmpfsDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "vethbridge")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Forget unbinds the namespace at path, as a runtime does when a container ends. The
// namespace dies unless something still uses it.
func (h *Host) Forget(path string) { netnstest.Remove(path) }
