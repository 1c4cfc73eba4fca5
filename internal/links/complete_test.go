package links_test

import (
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/links"
)

// The kernel completes an IPv6 address by a worker of its own, and here that one gets next to no turn. Announce does not wait
// for ever.
func TestAPortIsAnnouncedWhenTheContainerAnswersForItsIPv6Addresses(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	port := c.port(0)
	end := keepWorkersWaiting(t)
	begun := time.Now()
	h.add(t, port)
	if err := h.Announce(t.Context(), port); err != nil {
		t.Error(err)
	}
	gaveUp := time.Since(begun) > links.CompletionLimit
	c.inside(t, func() error {
		for _, a := range port.Addresses {
			if !gaveUp && !local(t, a.Addr()) {
				t.Errorf("packets to %s are not the container's yet", a.Addr())
			}
		}
		return nil
	})
	end()
}

func local(t *testing.T, a netip.Addr) bool {
	t.Helper()
	routes, err := netlink.RouteGet(a.AsSlice())
	if err != nil && !errors.Is(err, unix.ENETUNREACH) {
		t.Fatal(err)
	}
	return len(routes) == 1 && routes[0].Type == unix.RTN_LOCAL
}

// keepWorkersWaiting has a thread on each CPU go before all others but the caller's, which must be locked, until end is
// called. The kernel leaves others one part in twenty.
func keepWorkersWaiting(t *testing.T) (end func()) {
	t.Helper()
	var over atomic.Bool
	var busy, begun sync.WaitGroup
	for range runtime.NumCPU() {
		begun.Add(1)
		busy.Go(func() {
			runtime.LockOSThread() // and not unlocked, so that the thread ends with it
			err := goBefore(1)
			begun.Done()
			for !over.Load() && err == nil {
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	if err := goBefore(2); err != nil {
		t.Error(err)
	}
	return func() {
		over.Store(true)
		busy.Wait()
		if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr}, 0); err != nil {
			t.Error(err)
		}
	}
}

func goBefore(others uint32) error {
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: others}, 0)
}
