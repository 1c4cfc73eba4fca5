package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// operate runs a command of the operator's tool on the host's state and returns its output
// and exit status.
func operate(t *testing.T, h *testbed.Host, args ...string) (string, int) {
	t.Helper()
	return operateBy(t, built, h, args...)
}

// operateBy is operate by other executables.
func operateBy(t *testing.T, p testbed.Plugins, h *testbed.Host, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(filepath.Join(string(p), "vethbridge"), append(args, "--state-dir", h.StateDir)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	return out.String(), cmd.ProcessState.ExitCode()
}

// says wants a command to end with a status and to say all words.
func says(t *testing.T, h *testbed.Host, status int, words []string, args ...string) {
	t.Helper()
	out, got := operate(t, h, args...)
	if got != status {
		t.Errorf("%v: exit %d, want %d: %s", args, got, status, out)
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			t.Errorf("%v: %q lacks %q", args, out, word)
		}
	}
}

func TestTheOperatorSeesChecksAndMends(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	says(t, h, 0, []string{"all is as the state file says"}, "check")
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	lost, _ := attach(t, h, n, "lost", testbed.Port{HostPort: 8081, ContainerPort: 80})
	says(t, h, 0, []string{"demo", "web", "alive", "10.99.0.2/24,fd99::2/64", "tcp 0.0.0.0:8080 -> 10.99.0.2:80"}, "ls")
	says(t, h, 0, []string{"all is as the state file says"}, "check")

	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080 }")
	says(t, h, 1, []string{"mapping tcp 0.0.0.0:8080 -> 10.99.0.2:80 is missing"}, "check")
	says(t, h, 0, []string{"all is as the state file says"}, "check", "--state")
	broken := h.Snapshot()
	says(t, h, 0, []string{"would put right: check translations: mapping tcp 0.0.0.0:8080 -> 10.99.0.2:80 is missing"}, "repair", "--dry-run")
	h.Same(t, broken)
	says(t, h, 0, []string{"restored"}, "repair")
	says(t, h, 0, []string{"nothing to repair"}, "repair", "--dry-run")
	says(t, h, 0, []string{"nothing to repair"}, "repair")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")

	h.StopServing()
	h.Forget(lost.Netns)
	awaitDeath(t, h)
	says(t, h, 1, []string{"demo/lost/eth0 is dead"}, "check")
	dying := h.Snapshot()
	says(t, h, 0, []string{"would release demo/lost/eth0"}, "gc", "--dry-run")
	h.Same(t, dying)
	says(t, h, 1, []string{"demo/lost/eth0 is dead"}, "check")
	says(t, h, 0, []string{"released demo/lost/eth0"}, "gc")
	out, _ := operate(t, h, "ls", "--json")
	var rows []struct{ Container string }
	if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 1 || rows[0].Container != "web" {
		t.Errorf("ls --json: %s", out)
	}
	n.Del(t, web, result.Raw)
	h.Same(t, before)
}

// awaitDeath waits until the kernel has taken a dead namespace apart.
func awaitDeath(t *testing.T, h *testbed.Host) {
	t.Helper()
	testbed.Await(t, "a dead container", func() bool {
		out, _ := operate(t, h, "ls")
		return strings.Contains(out, "dead")
	})
}

func TestTheOperatorIsToldHowToUseTheTool(t *testing.T) {
	h, _ := newDemo(t)
	says(t, h, 2, []string{"there is no command", "vethbridge ls"}, "list")
	says(t, h, 2, []string{`there is no command "inspekt"; did you mean "inspect"?`}, "inspekt")
	says(t, h, 2, []string{"no-such-flag"}, "ls", "--no-such-flag")
	says(t, h, 0, []string{"Exit status"}, "help")
}

// TestLeasesOfHostLocalAreImported switches a node with a container of the reference plugins
// running.
func TestLeasesOfHostLocalAreImported(t *testing.T) {
	h, n := newDemo(t)
	data := t.TempDir()
	n = subnet(n, testbed.Config{"subnet": "10.99.0.0/29"})
	if err := os.Mkdir(filepath.Join(data, "demo"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"10.99.0.2": "old\r\neth0", "10.99.0.3": "", "last_reserved_ip.0": "10.99.0.2"} {
		if err := os.WriteFile(filepath.Join(data, "demo", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(data, "net.conf")
	if err := os.WriteFile(config, []byte(n.Chain[0].JSON()), 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, h, 0, []string{"would import demo/old/eth0"}, "import", "--config", config, "--data-dir", data, "--dry-run")
	says(t, h, 0, []string{"imported demo/old/eth0 with [10.99.0.2]"}, "import", "--config", config, "--data-dir", data)
	says(t, h, 0, []string{"10.99.0.2/29", "unknown"}, "ls")
	refused(t, h, n, testbed.Container{ID: "new", Netns: h.NewContainer(), Args: "IP=10.99.0.2"}, 100, "old")
	n.Del(t, testbed.Container{ID: "old"}, nil)
	c := testbed.Container{ID: "new", Netns: h.NewContainer(), Args: "IP=10.99.0.2"}
	n.Del(t, c, n.Add(t, c).Raw)
}

// TestAnImportLeavesOutWhoIsGoneOrAttached: libcni's cache says where a container was.
func TestAnImportLeavesOutWhoIsGoneOrAttached(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	dir := t.TempDir()
	script := strings.NewReplacer("DIR", dir, "STATE", h.StateDir).Replace(`mount -t tmpfs none /var/lib; mkdir -p /var/lib/cni/results DIR/demo
		printf 'gone\neth0' >DIR/demo/10.99.0.50; printf 'web\neth0' >DIR/demo/10.99.0.51
		echo '{"netns": "DIR/gone"}' >/var/lib/cni/results/demo-gone-eth0
		exec "$0" import --config DIR/demo.conf --data-dir DIR --state-dir STATE`)
	if err := os.WriteFile(filepath.Join(dir, "demo.conf"), []byte(n.Chain[0].JSON()), 0o644); err != nil {
		t.Fatal(err)
	}
	out := h.Run("unshare", "--mount", "sh", "-ec", script, filepath.Join(string(built), "vethbridge"))
	want := "left out demo/gone/eth0: its network namespace " + dir + "/gone is gone\nleft out demo/web/eth0: it is attached already\n"
	if out != want {
		t.Errorf("it says\n%s, want\n%s", out, want)
	}
	if out, _ := operate(t, h, "ls"); strings.Contains(out, "gone") || !strings.Contains(out, "10.99.0.2/24") {
		t.Error(out)
	}
}

// TestEveryCommandThatPrintsLinesListsThemForMachines: an empty list where there is nothing to say.
func TestEveryCommandThatPrintsLinesListsThemForMachines(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	list := func(status int, args ...string) (lines []string) {
		t.Helper()
		out, got := operate(t, h, append(args, "--json")...)
		if err := json.Unmarshal([]byte(out), &lines); err != nil || got != status {
			t.Errorf("%v: %v, exit %d, want %d: %s", args, err, got, status, out)
		}
		return lines
	}
	for _, args := range [][]string{{"check"}, {"repair"}, {"repair", "--dry-run"}, {"gc"}} {
		if lines := list(0, args...); len(lines) > 0 {
			t.Errorf("%v: %q", args, lines)
		}
	}
	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080 }")
	for i, args := range [][]string{{"check"}, {"repair", "--dry-run"}, {"repair"}} {
		if lines := list(map[int]int{0: 1}[i], args...); len(lines) != 1 {
			t.Errorf("%v: %q", args, lines)
		}
	}
}

// TestColoursAreForTerminals and for those who want them.
func TestColoursAreForTerminals(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	h.Run("nft", "flush", "chain", "bridge", "vethbridge", "prerouting")
	const red, green = "\x1b[31m", "\x1b[32m"
	onTerminal := func(command string) string {
		out, _ := exec.Command("script", "-qec", filepath.Join(string(built), "vethbridge")+" "+command+" --state-dir "+h.StateDir, "/dev/null").CombinedOutput()
		return string(out)
	}
	if out := onTerminal("ls"); !strings.Contains(out, green+"alive") {
		t.Errorf("%q", out)
	}
	if out := onTerminal("ls --check"); !strings.Contains(out, red+"drifted") {
		t.Errorf("%q", out)
	}
	if out := onTerminal("doctor --config /nonexistent"); !strings.Contains(out, red+"problem") {
		t.Errorf("%q", out)
	}
	if out, _ := operate(t, h, "ls"); strings.Contains(out, "\x1b") {
		t.Errorf("into a pipe: %q", out)
	}
	t.Setenv("NO_COLOR", "1")
	if out := onTerminal("ls"); strings.Contains(out, "\x1b") {
		t.Errorf("with NO_COLOR: %q", out)
	}
}
