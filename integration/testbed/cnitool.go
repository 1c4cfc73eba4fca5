package testbed

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// CNITool runs conflists as an operator does, with the cni project's own tool. It sees a
// /run and a /var/lib of its own: conflists name no state directory.
type CNITool struct {
	Plugins Plugins // holds cnitool too
	ConfDir string
	host    *Host
	run     string
	lib     string
}

// NewCNITool returns a cnitool for the conflists in confDir.
func (h *Host) NewCNITool(p Plugins, confDir string) CNITool {
	h.t.Helper()
	tool := CNITool{Plugins: p, ConfDir: confDir, host: h, run: tmpfsDir(h.t), lib: tmpfsDir(h.t)}
	if err := os.Mkdir(filepath.Join(tool.lib, "cni"), 0o755); err != nil {
		h.t.Fatal(err)
	}
	return tool
}

// StateDir is where the plugins' default state directory really is.
func (c CNITool) StateDir() string { return filepath.Join(c.run, "vethbridge") }

// private runs the rest of the words in a mount namespace with its own /run and /var/lib.
const private = `mount --bind "$1" /run && mount --bind "$2" /var/lib && shift 2 && exec "$@"`

// Command is a command that sees the same /run and /var/lib.
func (c CNITool) Command(words ...string) *exec.Cmd {
	cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-ec", private, "sh", c.run, c.lib}, words...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CNI_PATH=" + string(c.Plugins), "NETCONFPATH=" + c.ConfDir}
	return cmd
}

// Do runs a command of cnitool (add, check, del, gc, status) and returns what it prints.
func (c CNITool) Do(t testing.TB, command, network, netns string, ports ...Port) (string, error) {
	t.Helper()
	cmd := c.Command(filepath.Join(string(c.Plugins), "cnitool"), command, network, netns)
	if len(ports) > 0 {
		capabilities, err := json.Marshal(map[string]any{"portMappings": ports})
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "CAP_ARGS="+string(capabilities))
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	return string(out) + stderr.String(), err
}

// Must is Do that must succeed.
func (c CNITool) Must(t testing.TB, command, network, netns string, ports ...Port) string {
	t.Helper()
	out, err := c.Do(t, command, network, netns, ports...)
	if err != nil {
		t.Fatalf("cnitool %s %s: %v: %s", command, network, err, out)
	}
	return out
}
