package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// fault is a system call that fails at its n-th time in a thread.
type fault struct {
	syscall, errno string
	onState        bool // only on the files of the state directory
}

// faults are what files and sockets can answer; close is not among them, since a close that
// the kernel never sees leaves a lock held. EINTR and EAGAIN are to be lived with, the
// others to be reported.
func faults() []fault {
	var list []fault
	for _, errno := range []string{"EIO", "ENOSPC", "ENOMEM", "EAGAIN", "EINTR"} {
		for _, call := range []string{
			"openat", "flock", "pread64", "read", "pwrite64", "fstat", "ftruncate", "mmap", "newfstatat", "statfs", "faccessat", "fdatasync",
		} {
			list = append(list, fault{call, errno, true})
		}
	}
	for _, call := range []string{"socket", "bind", "sendto", "sendmsg", "recvfrom", "recvmsg", "setns", "ioctl", "memfd_create"} {
		list = append(list, fault{call, "ENOMEM", false})
	}
	for _, call := range []string{"sendto", "recvfrom", "ioctl"} { // those that may block
		list = append(list, fault{call, "EINTR", false})
	}
	// Sysctls, namespaces, the config and the answer are files, too.
	list = append(list, []fault{{"openat", "EMFILE", false}, {"read", "EIO", false}, {"write", "EIO", false}, {"fstatfs", "EIO", false},
		{"getsockname", "ENOMEM", false}, {"setsockopt", "ENOBUFS", false}, {"sendto", "ENOBUFS", false}}...)
	return append(list, fault{"fcntl", "ENOMEM", true}) // the owner lock
}

// newFaulty makes a host for a fault. Only on a disk is the state flushed.
func newFaulty(t *testing.T, f fault) (*testbed.Host, testbed.Network) {
	t.Helper()
	h, n := newDemo(t)
	if f.syscall == "fdatasync" {
		h.StateDir = t.TempDir()
		n = testbed.DemoNetwork(built, h)
	}
	n = n.With(0, "ipMasq", true)
	n.Del(t, testbed.Container{ID: "first", Netns: h.NewContainer()}, nil) // makes the state directory
	return h, n
}

// mostCalls bounds how often one thread makes one system call.
const mostCalls = 400

// TestAnyFailingSystemCallEndsInAnErrorOrInAWholeAttachment makes every system call of an
// ADD that is among faults fail once. There is no third way: success that is broken, or an error that leaves
// something behind a DEL.
func TestAnyFailingSystemCallEndsInAnErrorOrInAWholeAttachment(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.syscall+" "+f.errno, func(t *testing.T) {
			t.Parallel() // each mostly waits for the kernel's grace periods
			h, n := newFaulty(t, f)
			before := h.Snapshot()
			for victim := range n.Chain {
				sweep(t, h, n, f, victim)
				h.Same(t, before)
			}
		})
	}
}

// sweep lets the n-th call fail, for every n until there is none.
func sweep(t *testing.T, h *testbed.Host, n testbed.Network, f fault, victim int) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
	before := h.Snapshot()
	for i := 1; i <= mostCalls; i++ {
		answer, result := n.TryAddWrapped(t, c, victim, f.wrap(h, trace, i))
		injected := failedAsTold(t, answer, trace)
		if answer.Exit == 0 {
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("call %d: ADD succeeded and CHECK says %s", i, a.Stdout)
			}
		}
		n.Del(t, c, nil)
		h.Same(t, before)
		if t.Failed() {
			t.Fatalf("%s fails with %s at call %d:\n%s", f.syscall, f.errno, i, answer.Stdout)
		}
		if !injected {
			return
		}
	}
	t.Errorf("%s is called more than %d times: some have never failed", f.syscall, mostCalls)
}

// failedAsTold wants a failure to be an error of the spec, and reports whether a call was made
// to fail at all. Threads count their calls on their own, so that one fault may hit an answer and
// then, in another thread, the error about it: that one is on stderr. Where the Go runtime can't
// wake itself (an eventfd, which no kernel fails so), the plugin is as good as killed.
func failedAsTold(t *testing.T, answer testbed.Answer, trace string) (injected bool) {
	t.Helper()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	injected = strings.Contains(string(text), "INJECTED")
	_, told := answer.Error()
	answerLost := injected && strings.Contains(string(text), "write(1,") && answer.Stderr != ""
	asleep := strings.HasPrefix(answer.Stderr, "runtime: netpollBreak write failed")
	if answer.Exit != 0 && !told && !answerLost && !asleep {
		t.Errorf("exit %d without an error: %s%s", answer.Exit, answer.Stdout, answer.Stderr)
	}
	return injected
}

func (f fault) wrap(h *testbed.Host, trace string, n int) []string {
	words := []string{"strace", "-f", "-qq", "-o", trace, "-e", "trace=" + f.syscall,
		"-e", fmt.Sprintf("inject=%s:error=%s:when=%d", f.syscall, f.errno, n)}
	if !f.onState {
		return words
	}
	for _, name := range []string{"", "state.db", "state.lock", "kernel.lock", "owner.lock", "grace.lock"} {
		words = append(words, "-P", filepath.Join(h.StateDir, name))
	}
	return words
}

// TestADelWithAFailingSystemCallSaysSoOrHasReleasedEverything makes every system call of a DEL
// that is among faults fail once: success, and a lease that stays, would be an address lost.
func TestADelWithAFailingSystemCallSaysSoOrHasReleasedEverything(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.syscall+" "+f.errno, func(t *testing.T) {
			t.Parallel() // each mostly waits for the kernel's grace periods
			h, n := newFaulty(t, f)
			for victim := range n.Chain {
				sweepDel(t, h, n, f, victim)
			}
		})
	}
}

func sweepDel(t *testing.T, h *testbed.Host, n testbed.Network, f fault, victim int) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
	before := h.Snapshot()
	for i := 1; i <= mostCalls; i++ {
		n.Add(t, c)
		if victim == 0 {
			n.TryDel(t, c, 1)
		}
		faulty := n
		faulty.Wrap = f.wrap(h, trace, i)
		answer := faulty.TryDel(t, c, victim)
		injected := failedAsTold(t, answer, trace)
		if left, _ := operate(t, h, "ls", "--json"); answer.Exit == 0 && strings.Contains(left, [...]string{`"container": "web"`, "8080"}[victim]) {
			t.Errorf("call %d: DEL succeeded and left %s", i, left)
		}
		n.Del(t, c, nil)
		h.Same(t, before)
		if t.Failed() {
			t.Fatalf("%s fails with %s at call %d:\n%s", f.syscall, f.errno, i, answer.Stdout)
		}
		if !injected {
			return
		}
	}
	t.Errorf("%s is called more than %d times: some have never failed", f.syscall, mostCalls)
}

// TestAnAddWhoseAnswerNobodyReadsIsTakenBack: the runtime has gone away, and would never call DEL.
func TestAnAddWhoseAnswerNobodyReadsIsTakenBack(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	cmd := n.Plugins.Command(testbed.Call{Plugin: "vethbridge", Command: "ADD", Container: c.ID, Netns: c.Netns, Config: n.Chain[0].JSON()})
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	cmd.Stdout = writer
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Run(); err == nil || !cmd.ProcessState.Exited() {
		t.Errorf("the plugin ended by %v, want a failure of its own", err)
	}
	h.Same(t, before)
	n.Del(t, c, n.Add(t, c).Raw)
}
