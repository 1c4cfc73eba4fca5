package netns_test

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
)

func TestDoRunsInsideAndNowhereElse(t *testing.T) {
	n := open(t, netnstest.Make(t))
	var inside uint64
	if err := n.Do(func() (err error) { inside, err = here(); return err }); err != nil {
		t.Fatal(err)
	}
	if inside != n.Identity().Inode {
		t.Errorf("the function ran in %d, want %d", inside, n.Identity().Inode)
	}
	everywhereElse(t, n)
}

// No thread that Do used may stay in the namespace and run other goroutines there.
func everywhereElse(t *testing.T, n *netns.Namespace) {
	t.Helper()
	var running sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for range 100 {
				if now, err := here(); err != nil || now == n.Identity().Inode {
					t.Errorf("a goroutine is in %d, %v", now, err)
				}
				runtime.Gosched()
			}
		})
	}
	running.Wait()
}

func TestDoReturnsTheErrorAsItIs(t *testing.T) {
	n := open(t, netnstest.Make(t))
	cause := errors.New("cause")
	if err := n.Do(func() error { return cause }); !errors.Is(err, cause) {
		t.Errorf("the error is %v", err)
	}
	everywhereElse(t, n)
}

func TestManyMayBeInsideAtATime(t *testing.T) {
	a, b := open(t, netnstest.Make(t)), open(t, netnstest.Make(t))
	var running sync.WaitGroup
	for range 50 {
		for _, n := range []*netns.Namespace{a, b} {
			running.Go(func() {
				err := n.Do(func() error {
					if now, err := here(); err != nil || now != n.Identity().Inode {
						t.Errorf("in %d, want %d, %v", now, n.Identity().Inode, err)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	running.Wait()
}

func TestAClosedNamespaceIsAnError(t *testing.T) {
	n, err := netns.Open(netnstest.Make(t))
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	if err := n.Do(func() error { return nil }); err == nil {
		t.Error("no error")
	}
}

// here returns the inode of the calling thread's namespace.
func here() (uint64, error) {
	id, err := netns.Identify("/proc/thread-self/ns/net")
	return id.Inode, err
}
