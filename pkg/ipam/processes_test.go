package ipam_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
)

// workerDir, set in the environment, makes the test binary a worker on that directory.
const workerDir = "IPAM_TEST_WORKER_DIR"

const workerConfig = `{"subnet": "10.1.0.0/27"}`

func TestMain(m *testing.M) {
	if dir := os.Getenv(workerDir); dir != "" {
		if err := work(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// work allocates and releases for ever and says a line after each operation.
func work(dir string) error {
	store, err := state.Open(dir)
	if err != nil {
		return err
	}
	c, err := ipam.DecodeConfig([]byte(workerConfig), nil)
	if err != nil {
		return err
	}
	for {
		o := owner(rand.IntN(40))
		err := store.Update(context.Background(), func(tx *state.Tx) error {
			if rand.IntN(2) == 0 {
				return ipam.Release(tx, o)
			}
			_, err := ipam.Allocate(tx, ipam.Request{Owner: o, Sets: c.Sets})
			return err
		})
		var exhausted *ipam.ExhaustedError
		if err != nil && !errors.As(err, &exhausted) {
			return err
		}
		fmt.Println("done")
	}
}

// The workers together make at least 100,000 operations.
const (
	workers    = 4
	kills      = 25
	operations = 1000
)

// TestKilledProcessesLoseAndDoubleNoAddress kills workers at moments that nobody chose,
// while others go on; the book must be consistent after each kill, and every address be
// there after all of them.
func TestKilledProcessesLoseAndDoubleNoAddress(t *testing.T) {
	store := onTmpfs(t)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range kills {
				runAndKill(t, store.Dir(), operations+rand.IntN(100))
				statetest.Check(t, store, ipam.Check)
			}
		})
	}
	all.Wait()
	sets := decode(t, workerConfig).Sets
	for i := range 40 {
		release(t, store, owner(i))
	}
	for i := range 29 {
		mustAllocate(t, store, ipam.Request{Owner: owner(i), Sets: sets})
	}
}

// onTmpfs opens a state directory where it is by default: on tmpfs.
func onTmpfs(t *testing.T) *state.Store {
	dir, err := os.MkdirTemp("/dev/shm", "ipam")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	store, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// runAndKill starts a worker and kills it somewhere after its given number of operations.
func runAndKill(t *testing.T, dir string, operations int) {
	worker := exec.Command("/proc/self/exe")
	worker.Env = append(os.Environ(), workerDir+"="+dir)
	worker.Stderr = os.Stderr
	out, err := worker.StdoutPipe()
	if err != nil {
		t.Error(err)
		return
	}
	if err := worker.Start(); err != nil {
		t.Error(err)
		return
	}
	lines := bufio.NewScanner(out)
	for range operations {
		if !lines.Scan() {
			t.Error("worker " + strconv.Itoa(worker.Process.Pid) + " ended by itself")
			break
		}
	}
	_ = worker.Process.Kill()
	_ = worker.Wait()
}
