package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// changing are the system calls that change something outside of the process, locks among it.
// Between two of them nothing changes: a kill before a call that only reads leaves the same as one
// before the next of these. Besides, openat is among them where it makes a file.
var changing = strings.Fields("close fallocate fdatasync flock fsync ftruncate ioctl linkat mkdirat mount open_tree pwrite64 renameat renameat2 " +
	"sendmsg sendto setns symlinkat unlinkat write")

// killedVerbs are what a killed call is tried with. The last two change nothing but the state file.
var killedVerbs = []string{"ADD", "DEL", "GC", "CHECK", "STATUS"}

// TestAKillAtEverySystemCallIsUndoneByDel places the kill before every system call that changes
// anything, in each verb of each plugin. The pool is so small that a single lost address would be missed.
func TestAKillAtEverySystemCallIsUndoneByDel(t *testing.T) {
	for _, command := range killedVerbs {
		for victim, plugin := range []string{"vethbridge", "natport"} {
			t.Run(command+" of "+plugin, func(t *testing.T) {
				t.Parallel()
				h, n := newDemo(t)
				n = n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/30"}}}})
				n.Del(t, testbed.Container{ID: "first", Netns: h.NewContainer()}, nil) // makes the state directory
				before := h.Snapshot()
				c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
				killEverywhere(t, n, c, command, victim, 1, func() {
					n.Del(t, c, nil)
					h.Same(t, before)
				})
			})
		}
	}
}

// killEverywhere runs a command once for each system call of one plugin, or for each of so many
// of them, kills the plugin before that call, and has the consequences judged.
func killEverywhere(t *testing.T, n testbed.Network, c testbed.Container, command string, victim, step int, judge func()) {
	t.Helper()
	number, killed := 0, 0
	for call, times := range systemCalls(t, n, c, command, victim) {
		for i := range times {
			if number++; number%step != 0 {
				continue
			}
			if !survives(t, n, c, command, victim, []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, i+1)}) {
				killed++
			}
			if judge(); t.Failed() {
				t.Fatalf("killed at %s number %d", call, i+1)
			}
		}
	}
	t.Logf("killed at %d of %d system calls", killed, number)
	if killed*step < 10 {
		t.Errorf("killed at %d system calls only", killed)
	}
}

// systemCalls counts the system calls of one call of a plugin by their names, up to the last that changes
// something; of each the most that one thread makes, since strace(1) counts by threads.
func systemCalls(t *testing.T, n testbed.Network, c testbed.Container, command string, victim int) map[string]int {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	if !survives(t, n, c, command, victim, []string{"strace", "-f", "-qq", "-o", trace}) {
		t.Fatalf("%s does not succeed (the test needs strace)", command)
	}
	n.Del(t, c, nil)
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	most, ofThread := map[string]int{}, map[string]int{}
	for _, call := range callLine.FindAllStringSubmatch(string(text), -1) {
		thread, name, arguments := call[1], call[2], call[3]
		ofThread[thread+name]++
		if slices.Contains(changing, name) || name == "openat" && strings.Contains(arguments, "O_CREAT") {
			most[name] = max(most[name], ofThread[thread+name])
		}
	}
	return most
}

// callLine is a line of strace: the thread, the name and, as far as they are known yet, the arguments.
var callLine = regexp.MustCompile(`(?m)^(\d+) +(\w+)\((.*)$`)

// survives runs an ADD, or an ADD and then another command, with one plugin's call of the command
// wrapped, and reports whether that call came to its end.
func survives(t *testing.T, n testbed.Network, c testbed.Container, command string, victim int, wrap []string) bool {
	t.Helper()
	if command == "ADD" {
		answer, _ := n.TryAddWrapped(t, c, victim, wrap)
		return answer.Exit == 0
	}
	result := n.Add(t, c)
	conf := n.Chain[victim].With("prevResult", result.Raw)
	if conf["type"] == "natport" {
		conf = conf.With("runtimeConfig", testbed.Config{"portMappings": c.Ports})
	}
	call := testbed.Call{Plugin: conf["type"].(string), Command: command, Container: c.ID, Netns: c.Netns, Config: conf.JSON(), Wrap: wrap}
	if slices.Contains([]string{"GC", "STATUS"}, command) {
		conf = n.Chain[victim].With("cni.dev/valid-attachments", []any{})
		call = testbed.Call{Plugin: call.Plugin, Command: command, Config: conf.JSON(), Wrap: wrap}
		if command == "STATUS" {
			n.Del(t, c, nil) // the pool would be full
		}
	}
	return n.Plugins.Do(t, call).Exit == 0
}
