//go:build !race

package ipam_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
)

// TestAKillAtEveryCallOnTheStateLosesAndDoublesNoAddress kills a worker before each system call
// on a file of the state, in each verb, while others go on.
func TestAKillAtEveryCallOnTheStateLosesAndDoublesNoAddress(t *testing.T) {
	c := newCrowd(t)
	stop := c.inBackground(2)
	for verb, before := range map[string]string{"add": "del", "wanted": "del", "del": "add", "gc": "add"} {
		killed := 0
		for call, times := range c.callsOf(verb, before) {
			for n := range times {
				if c.killed(verb, before, fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n+1)) {
					killed++
				}
				statetest.Check(t, c.store, ipam.Check)
			}
		}
		t.Logf("%s was killed at %d calls", verb, killed)
		if killed < 15 {
			t.Errorf("%s was killed at %d calls only", verb, killed)
		}
	}
	stop()
	c.judge()
}

func (c *crowd) killed(verb, before, inject string) bool {
	return !c.traced(verb, before, "/dev/null", inject)
}

// traced runs a verb under strace(1), after another one for it to find something to do.
func (c *crowd) traced(verb, before, trace, expression string) (survived bool) {
	cmd, out := c.start(workers, before)
	c.hear(cmd, out, -1)
	words := []string{"strace", "-f", "-qq", "-o", trace, "-e", expression}
	for _, name := range []string{"state.db", "state.lock", "owner.lock"} {
		words = append(words, "-P", filepath.Join(c.store.Dir(), name))
	}
	cmd, out = c.start(workers, verb, words...)
	c.hear(cmd, out, -1)
	return cmd.ProcessState.Success()
}

// callsOf counts the system calls of a verb on the files of the state by their names; of each
// the most that one thread makes, which is what strace(1) counts by.
func (c *crowd) callsOf(verb, before string) map[string]int {
	trace := filepath.Join(c.t.TempDir(), "trace")
	if !c.traced(verb, before, trace, "trace=all") {
		c.t.Fatalf("%s does not succeed (the test needs strace)", verb)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		c.t.Fatal(err)
	}
	most, ofThread := map[string]int{}, map[string]int{}
	for _, call := range callLine.FindAllStringSubmatch(string(text), -1) {
		ofThread[call[0]]++
		most[call[2]] = max(most[call[2]], ofThread[call[0]])
	}
	return most
}

// callLine is the thread and the name at the beginning of a line of strace.
var callLine = regexp.MustCompile(`(?m)^(\d+) +(\w+)\(`)

// inBackground starts workers that go on until stop is called.
func (c *crowd) inBackground(number int) (stop func()) {
	var all sync.WaitGroup
	var running []*exec.Cmd
	for n := range number {
		cmd, out := c.start(n, "")
		running = append(running, cmd)
		all.Go(func() { c.hear(cmd, out, -1) })
	}
	return func() {
		for _, cmd := range running {
			_ = cmd.Process.Kill()
		}
		all.Wait()
	}
}
