package testbed

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Call is one call of a plugin.
type Call struct {
	Plugin    string // name of the executable
	Command   string // ADD, DEL, ...
	Container string
	Netns     string
	IfName    string // default "eth0"
	Args      string
	Config    string
	Wrap      []string // a command that runs the call, such as strace
}

// Answer is what a plugin answered.
type Answer struct {
	Exit   int
	Stdout string
	Stderr string
}

// Error is the error JSON of a plugin.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"msg"`
	Details string `json:"details"`
}

// Error returns the error that the answer holds; a failure without error JSON is none.
func (a Answer) Error() (Error, bool) {
	var e Error
	err := json.Unmarshal([]byte(a.Stdout), &e)
	return e, err == nil && a.Exit != 0 && e.Code != 0 && e.Message != ""
}

// Plugins is the directory of the built executables.
type Plugins string

// Build builds the executables into dir.
func Build(dir string, packages ...string) (Plugins, error) {
	cmd := exec.Command("go", append([]string{"build", "-o", dir + "/"}, packages...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return Plugins(dir), cmd.Run()
}

// Command prepares a call without starting it.
func (p Plugins) Command(c Call) *exec.Cmd {
	if c.IfName == "" {
		c.IfName = "eth0"
	}
	words := append(slices.Clone(c.Wrap), filepath.Join(string(p), c.Plugin))
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = []string{
		"CNI_COMMAND=" + c.Command, "CNI_CONTAINERID=" + c.Container, "CNI_NETNS=" + c.Netns,
		"CNI_IFNAME=" + c.IfName, "CNI_ARGS=" + c.Args, "CNI_PATH=" + string(p), "PATH=" + os.Getenv("PATH"),
		"DBUS_SYSTEM_BUS_ADDRESS=" + os.Getenv("DBUS_SYSTEM_BUS_ADDRESS"),
	}
	cmd.Stdin = strings.NewReader(c.Config)
	return cmd
}

// Do makes a call and waits for the answer.
func (p Plugins) Do(t testing.TB, c Call) Answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := p.Command(c)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("start %s: %v", c.Plugin, err)
	}
	return Answer{Exit: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
}
