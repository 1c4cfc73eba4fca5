package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestALostStateFileIsRebuiltBeforeItIsShown: who looks after a file was removed must not read that nothing is attached.
func TestALostStateFileIsRebuiltBeforeItIsShown(t *testing.T) {
	for _, command := range []string{"ls", "graph", "metrics", "check", "doctor"} {
		h, n := newDemo(t)
		attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
		h.Run("rm", filepath.Join(h.StateDir, "state.db"))
		words := map[string]string{"metrics": `vethbridge_attachments{network="demo",state="alive"} 1`, "check": "all is as the state file says", "doctor": "nothing found"}[command]
		if words == "" {
			words = "web"
		}
		says(t, h, 0, []string{words}, command)
	}
}

// TestTheDoctorSaysOnceWhatKeepsHimFromLooking and not with each examination anew.
func TestTheDoctorSaysOnceWhatKeepsHimFromLooking(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	file := filepath.Join(h.StateDir, "state.db")
	h.Run("rm", file)
	h.Run("mkdir", file)
	says(t, h, 1, []string{"is a directory", "1 finding\n", "#the-state-directory-cannot-be-used"}, "doctor")
	h.Run("rmdir", file)
	out, err := exec.Command("setpriv", "--bounding-set=-all", "--inh-caps=-all", filepath.Join(string(built), "vethbridge"), "doctor", "--state-dir", t.TempDir()).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "1 finding\n") || !strings.Contains(string(out), "run it as root") {
		t.Errorf("without capabilities: %v, %s", err, out)
	}
}

// TestWithoutRootTheToolSaysThatItTakesRoot, whatever keeps it from reading.
func TestWithoutRootTheToolSaysThatItTakesRoot(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	dir := t.TempDir() // not in a folder that is root's alone
	for _, folder := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tool := filepath.Join(dir, "vethbridge")
	h.Run("cp", filepath.Join(string(built), "vethbridge"), tool)
	for _, command := range []string{"ls", "check", "repair", "gc", "inspect web", "metrics", "doctor"} {
		cmd := exec.Command("setpriv", append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", tool}, append(strings.Fields(command), "--state-dir", h.StateDir)...)...)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "run it as root") {
			t.Errorf("%s: exit %d: %s", command, cmd.ProcessState.ExitCode(), out)
		}
	}
}

// TestEveryMisuseHasTheStatusOfOne, which scripts tell from findings by.
func TestEveryMisuseHasTheStatusOfOne(t *testing.T) {
	h, _ := newDemo(t)
	for command, words := range map[string]string{
		"inspect": "WHAT is missing", "trace web": "DEST PORT is missing", "validate": "FILE is missing", "completion": "can be bash, zsh, fish",
		"help inspekt": `there is no command "inspekt"; did you mean "inspect"?`, "ls web": `unexpected argument "web"`, "ls --port 70000": "no port from 1 to 65535",
	} {
		says(t, h, 2, []string{words}, strings.Fields(command)...)
	}
}

// TestCommandsThatFindNothingToDoSaySo.
func TestCommandsThatFindNothingToDoSaySo(t *testing.T) {
	h, n := newDemo(t)
	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, "demo"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(data, "net.conf")
	if err := os.WriteFile(config, []byte(n.Chain[0].JSON()), 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, h, 0, []string{"nothing is dead\n"}, "gc")
	says(t, h, 0, []string{"nothing is dead\n"}, "gc", "--dry-run")
	says(t, h, 0, []string{"nothing to repair\n"}, "repair")
	says(t, h, 0, []string{"nothing to import\n"}, "import", "--config", config, "--data-dir", data)
	says(t, h, 0, []string{"nothing to import\n"}, "import", "--data-dir", data)
}

// TestAStateDirectoryThatIsNotThereIsNoEmptyOne: a name that was mistyped must not read as a host with nothing attached.
func TestAStateDirectoryThatIsNotThereIsNoEmptyOne(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "vethbrigde")
	for _, command := range []string{"ls", "check", "repair", "gc", "graph", "metrics", "doctor"} {
		out, err := exec.Command(filepath.Join(string(built), "vethbridge"), command, "--state-dir", missing).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "no such file or directory") {
			t.Errorf("%s: %v, %s", command, err, out)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("it was made")
	}
}

// TestAFullDiskIsNoSuccess: what could not be written was not said.
func TestAFullDiskIsNoSuccess(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	for _, command := range []string{"ls", "inspect web", "doctor --config /nonexistent", "graph", "metrics"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(string(built), "vethbridge"), append(strings.Fields(command), "--state-dir", h.StateDir)...)
		cmd.Stdout = full
		_ = cmd.Run()
		full.Close()
		if cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: exit %d", command, cmd.ProcessState.ExitCode())
		}
	}
}
