//go:build !race

package ipam_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/ipam/ipamtest"
)

// Together at least 100,000 calls.
const (
	boots      = 5
	workers    = 4
	kills      = 5 // of each worker in each boot
	operations = 1000
)

// crowd is several workers on one state directory, and what they were told.
type crowd struct {
	t      *testing.T
	store  *state.Store
	bootID string // the file that they take for the kernel's

	mu      sync.Mutex
	history []ipamtest.Call
}

// newCrowd has its state where it is by default: on tmpfs.
func newCrowd(t *testing.T) *crowd {
	dir, err := os.MkdirTemp("/dev/shm", "ipam")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	store, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t, store: store, bootID: filepath.Join(t.TempDir(), "boot_id")}
	if err := os.Mkdir(filepath.Join(dir, "alive"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.boot(0)
	return c
}

// boot ends the life of all; the files of some, as if nothing had become of them, stay.
func (c *crowd) boot(number int) {
	if err := os.WriteFile(c.bootID, fmt.Appendf(nil, "00000000-0000-0000-0000-%012d\n", number), 0o600); err != nil {
		c.t.Fatal(err)
	}
	for o := range (workers + 1) * perWorker {
		now := state.Now()
		c.history = append(c.history, ipamtest.Call{Verb: ipamtest.Die, Owner: o, Begin: now, End: now, Outcome: ipamtest.Done})
		if o%2 == 0 {
			_ = os.Remove(filepath.Join(c.store.Dir(), "alive", strconv.Itoa(o)))
		}
	}
}

// start starts a worker, by another command if there is one.
func (c *crowd) start(number int, verb string, wrap ...string) (*exec.Cmd, io.Reader) {
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	words := slices.Concat(wrap, []string{self, c.store.Dir(), c.bootID, strconv.Itoa(number), verb})
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), workerEnv+"=1")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return cmd, out
}

// hear notes what a worker says until it ends, and kills it after a number of calls. It returns
// how many calls came to an end.
func (c *crowd) hear(cmd *exec.Cmd, out io.Reader, atMost int) (ended int) {
	var open *ipamtest.Call
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		words := strings.Fields(line)
		if words[1] == "begin" {
			open = began(words)
			continue
		}
		c.note(endedAs(*open, words))
		open = nil
		if ended++; ended == atMost {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code > 0 {
		c.t.Errorf("worker %s ended by itself with status %d", cmd.Args, code)
	}
	if open != nil {
		open.End, open.Outcome = state.Now(), ipamtest.Cut
		c.note(*open)
	}
	return ended
}

func (c *crowd) note(call ipamtest.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, call)
}

func began(words []string) *ipamtest.Call {
	call := &ipamtest.Call{Verb: ipamtest.Verb(words[2])}
	call.Begin, _ = strconv.ParseInt(words[0], 10, 64)
	call.Owner, _ = strconv.Atoi(words[3])
	if len(words) > 4 {
		call.Wanted, _ = netip.ParseAddr(words[4])
	}
	return call
}

func endedAs(call ipamtest.Call, words []string) ipamtest.Call {
	call.End, _ = strconv.ParseInt(words[0], 10, 64)
	call.Outcome = ipamtest.Outcome(words[2])
	if call.Outcome == ipamtest.Taken {
		call.Holder, _ = strconv.Atoi(words[3])
	}
	call.Address, _ = netip.ParseAddr(words[3])
	return call
}

// numberOf is the number that the function owner was given.
func numberOf(o attachment.Owner) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(o.ContainerID, "c"))
	return n
}

// judge wants a history without a fault, a sound book, and no address lost.
func (c *crowd) judge() {
	c.t.Helper()
	for i, fault := range ipamtest.Faults(c.history, workerSize) {
		if i < 20 {
			c.t.Error(fault)
		}
	}
	statetest.Check(c.t, c.store, ipam.Check)
	sets := decode(c.t, workerConfig).Sets
	for o := range (workers + 1) * perWorker {
		release(c.t, c.store, owner(o))
	}
	for o := range workerSize {
		mustAllocate(c.t, c.store, ipam.Request{Owner: owner(o), Sets: sets})
	}
}

// TestKilledProcessesLoseAndDoubleNoAddress has several processes add, release, collect and let
// die the owners of one small range, kills them at moments that nobody chose while others go
// on, and boots; the book must be consistent after each kill.
func TestKilledProcessesLoseAndDoubleNoAddress(t *testing.T) {
	c := newCrowd(t)
	calls := make([]int, workers)
	for boot := range boots {
		c.boot(boot)
		var all sync.WaitGroup
		for n := range workers {
			all.Go(func() {
				for range kills {
					cmd, out := c.start(n, "")
					calls[n] += c.hear(cmd, out, operations+rand.IntN(100))
					statetest.Check(t, c.store, ipam.Check)
				}
			})
		}
		all.Wait()
	}
	t.Logf("%d calls by the workers", calls)
	c.judge()
	for n, ended := range calls {
		if ended < boots*kills*operations {
			t.Errorf("worker %d made %d calls only", n, ended)
		}
	}
}
