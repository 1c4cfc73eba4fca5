package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// listed is what ls --json says, the containers' states by their names.
func listed(t *testing.T, h *testbed.Host, args ...string) map[string]string {
	t.Helper()
	out, status := operate(t, h, append([]string{"ls", "--json"}, args...)...)
	var rows []struct{ Container, State string }
	if err := json.Unmarshal([]byte(out), &rows); err != nil || status != 0 {
		t.Fatalf("%v: exit %d: %v: %s", args, status, err, out)
	}
	states := map[string]string{}
	for _, r := range rows {
		states[r.Container] = r.State
	}
	return states
}

func TestLsShowsWhatAllFiltersLetThrough(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 53, ContainerPort: 53, Protocol: "udp"})
	attach(t, h, n, "webcache")
	attach(t, h, otherNetwork(n), "db", testbed.Port{HostPort: 5432, ContainerPort: 5432})
	for _, c := range []struct{ args, want string }{
		{"", "db web webcache"},
		{"--network demo", "web webcache"},
		{"--container web", "web webcache"},
		{"--container webc", "webcache"},
		{"--address 10.99.0.3", "webcache"},
		{"--address fd99::2", "web"},
		{"--address 10.99.0.0/30", "web webcache"},
		{"--port 8080", "web"},
		{"--port 8080/tcp", "web"},
		{"--port 8080/udp", ""},
		{"--port 53/UDP", "web"},
		{"--port 5432", "db"},
		{"--network demo --port 5432", ""},
		{"--container web --address 10.99.0.0/24 --port 53 --network demo", "web"},
	} {
		var names []string
		for name := range listed(t, h, strings.Fields(c.args)...) {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("ls %s: %q, want %q", c.args, got, c.want)
		}
	}
	for _, args := range []string{"--port 0", "--port 65536", "--port 80/icmp", "--address web"} {
		says(t, h, 2, []string{"invalid value"}, append([]string{"ls"}, strings.Fields(args)...)...)
	}
}

func TestLsChecksWhoLacksSomethingInTheKernel(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	_, result := attach(t, h, n, "db", testbed.Port{HostPort: 5432, ContainerPort: 5432})
	link := result.Interfaces[1].Name
	want := func(when, web, db string) {
		t.Helper()
		if got := listed(t, h, "--check"); got["web"] != web || got["db"] != db {
			t.Errorf("%s: %v, want web %s, db %s", when, got, web, db)
		}
	}
	want("at first", "alive", "alive")
	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080 }")
	want("a port's translation is gone", "drifted", "alive")
	if got := listed(t, h); got["web"] != "alive" {
		t.Errorf("without --check: %v", got)
	}
	says(t, h, 0, []string{"drifted", "mapping tcp 0.0.0.0:8080 -> 10.99.0.2:80 is missing"}, "inspect", "web")
	says(t, h, 0, []string{"restored"}, "repair")
	want("after repair", "alive", "alive")
	h.Run("ip", "link", "set", link, "nomaster")
	want("a link is out of its bridge", "alive", "drifted")
	says(t, h, 0, []string{"link " + link + " is not a port of bridge demo0"}, "inspect", "db")
	h.Run("ip", "link", "set", link, "master", "demo0")
	h.Run("nft", "flush", "chain", "bridge", "vethbridge", "prerouting")
	want("the guard's rules are gone", "drifted", "drifted")
	says(t, h, 0, []string{"restored"}, "repair")
	h.Sysctl("net/ipv4/conf/demo0/route_localnet", "0")
	want("localhost is closed", "drifted", "drifted")
}

// watching starts ls --watch with its output on out; it runs until it is interrupted.
func watching(t *testing.T, h *testbed.Host, out *os.File) (interrupt func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(string(built), "vethbridge"), "ls", "--watch", "--state-dir", h.StateDir)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	return func() {
		t.Helper()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after the interrupt: %v", err)
		}
	}
}

// until reads until the words have come.
func until(t *testing.T, from *os.File, words string) string {
	t.Helper()
	if err := from.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for buffer := make([]byte, 4096); !strings.Contains(text.String(), words); {
		n, err := from.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%q has not come: %v: %q", words, err, text.String())
		}
	}
	return text.String()
}

func TestLsWatchesUntilItIsInterrupted(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	from, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	interrupt := watching(t, h, out)
	first := until(t, from, "web")
	attach(t, h, n, "db")
	text := first + until(t, from, "db")
	interrupt()
	rest, _ := io.ReadAll(from)
	if text += string(rest); strings.Contains(text, "\x1b") || strings.Count(text, "CONTAINER") < 2 {
		t.Errorf("want several pictures without escape sequences: %q", text)
	}
}

func TestLsClearsTheScreenOfATerminalOnly(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	master, terminal := openTerminal(t)
	interrupt := watching(t, h, terminal)
	text := until(t, master, "web")
	interrupt()
	if !strings.HasPrefix(text, "\x1b[H\x1b[2J") {
		t.Errorf("the screen is not cleared: %q", text)
	}
}

// openTerminal makes a pseudoterminal (pts(4)).
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, terminal
}
