package runtimes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// inside, in the environment, names the test whose private machine this process is, and cgroup
// the control group that its containers belong below: those are not private.
const (
	inside = "VETHBRIDGE_MACHINE"
	cgroup = "VETHBRIDGE_CGROUP"
)

// The addresses of the uplink between the machine and the LAN.
const (
	hostAddress = "198.51.100.1"
	lanAddress  = "198.51.100.2"
)

// bin has the executables under test, conf the sample conflists, docs the documentation.
var bin, conf, docs string

func TestMain(m *testing.M) {
	root, err := filepath.Abs("../..")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin, conf, docs = filepath.Join(root, ".cache/runtimes"), filepath.Join(root, "conf"), filepath.Join(root, "docs")
	os.Exit(m.Run())
}

// onMachine runs the test once more, in a private machine.
func onMachine(t *testing.T, test func(*testing.T)) {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		prepare(t)
		test(t)
		return
	}
	cmd := exec.Command("unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc",
		os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
	group := fmt.Sprintf("/vethbridge-%d", os.Getpid())
	cmd.Env = append(os.Environ(), inside+"="+t.Name(), cgroup+"="+group)
	out, err := cmd.CombinedOutput()
	removeGroups(t, group)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passOn(t, string(out))
}

// removeGroups removes what containers that were killed with their machine leave.
func removeGroups(t *testing.T, group string) {
	t.Helper()
	for _, below := range []string{"/*", ""} {
		one, err := filepath.Glob("/sys/fs/cgroup" + group + below)
		each, err2 := filepath.Glob("/sys/fs/cgroup/*" + group + below) // by controller
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for _, dir := range append(one, each...) {
			_ = os.Remove(dir) // files of the kernel among them stay until their directory goes
		}
	}
}

// passOn says again what the test on the machine has logged, with the number of its line.
func passOn(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if _, logged, found := strings.Cut(line, "_test.go:"); found {
			t.Log(strings.TrimSpace(logged))
		}
	}
}

// prepare gives the machine directories, an uplink and a LAN of its own.
func prepare(t *testing.T) {
	t.Helper()
	run(t, "mount", "--make-rprivate", "/")
	for _, dir := range []string{"/run", "/var/lib/containers", "/var/lib/containerd", "/var/lib/cni", "/etc/cni"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, "mount", "-t", "tmpfs", "tmpfs", dir)
	}
	for _, dir := range []string{"/run/netns", "/run/lock", "/etc/cni/net.d"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, words := range []string{
		"ip link set lo up", "ip netns add lan", "ip link add uplink type veth peer name eth0 netns lan",
		"ip addr add " + hostAddress + "/24 dev uplink", "ip link set uplink up",
		"ip -n lan addr add " + lanAddress + "/24 dev eth0", "ip -n lan link set eth0 up", "ip route add default via " + lanAddress,
	} {
		run(t, strings.Fields(words)...)
	}
}

// run runs a command that must succeed, and returns what it says.
func run(t *testing.T, words ...string) string {
	t.Helper()
	out, err := try(words...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return out
}

func try(words ...string) (string, error) {
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	return string(out), err
}

// background starts a daemon that ends with the machine. What it says is told if the test fails.
func background(t *testing.T, words ...string) *exec.Cmd {
	t.Helper()
	log, err := os.CreateTemp("/run", "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	t.Cleanup(func() {
		if said, err := os.ReadFile(log.Name()); t.Failed() {
			t.Log(words[0], err, string(said))
		}
	})
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", words[0], err)
	}
	return cmd
}

// kill ends a process of this machine at once, and waits until it has let go of its sockets.
func kill(t *testing.T, pid string) {
	t.Helper()
	run(t, "kill", "-9", pid)
	eventually(t, "process "+pid+" is dead", func() (string, bool) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		return string(status), err != nil || strings.Contains(string(status), "State:\tZ")
	})
}

// eventually waits for what a daemon does in its own time.
func eventually(t *testing.T, what string, done func() (said string, ok bool)) {
	t.Helper()
	within(t, 20*time.Second, what, done)
}

// within waits longer, for those that take their time.
func within(t *testing.T, limit time.Duration, what string, done func() (said string, ok bool)) {
	t.Helper()
	var said string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var ok bool
		if said, ok = done(); ok {
			return
		}
	}
	t.Fatalf("in vain: %s: %s", what, said)
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// volatile are the elements that nft(8) counts packets by, which go by themselves, counters and
// clocks.
var volatile = regexp.MustCompile(`counter packets \d+ bytes \d+|\s+elements = \{[^}]* limit rate [^}]*\}|"ageSeconds": \d+`)

// state is what of ours is on the machine: links, rules, records.
func state(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for line := range strings.Lines(run(t, "ip", "-br", "link")) {
		// Without the state of the link, of which the kernel takes note in its own time.
		fields := strings.Fields(line)
		fmt.Fprintln(&all, fields[0], fields[2])
	}
	all.WriteString(run(t, "nft", "list", "ruleset") + run(t, filepath.Join(bin, "vethbridge"), "ls", "--json"))
	return volatile.ReplaceAllString(all.String(), "")
}

// unchanged wants the machine to be as before.
func unchanged(t *testing.T, before string) {
	t.Helper()
	if after := state(t); after != before {
		t.Errorf("was\n%s\nis:\n%s", before, after)
	}
}
