package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

func TestWhoHasRemovedRulesWaitsForThoseWhoAreAboutTo(t *testing.T) {
	s := statetest.Open(t, func(*state.Tx) error { return nil })
	s.AwaitRemovals(t.Context()) // for nobody
	first, err := s.LockRemoval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan func())
	go func() {
		unlock, err := s.LockRemoval(t.Context()) // which has to wait for the first
		if err != nil {
			t.Error(err)
		}
		second <- unlock
	}()
	awaitWaiting(t, s, "kernel.lock")
	awaited := make(chan bool)
	go func() {
		s.AwaitRemovals(t.Context())
		close(awaited)
	}()
	awaitWaiting(t, s, "grace.lock")
	first()
	unlock := <-second
	select {
	case <-awaited:
		t.Error("did not wait for the second one")
	default:
	}
	unlock()
	<-awaited
}

// A program that is stuck, or stopped, is not waited for.
func TestTheWaitForRemovalsEnds(t *testing.T) {
	s := statetest.Open(t, func(*state.Tx) error { return nil })
	unlock, err := s.LockRemoval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	awaited := make(chan bool)
	go func() {
		s.AwaitRemovals(ctx)
		close(awaited)
	}()
	awaitWaiting(t, s, "grace.lock")
	cancel()
	<-awaited
}

func TestARemovalThatGivesUpIsNotWaitedFor(t *testing.T) {
	s := statetest.Open(t, func(*state.Tx) error { return nil })
	unlock, err := s.LockKernel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var late *state.LockError
	if _, err := s.LockRemoval(ctx); !errors.As(err, &late) {
		t.Fatalf("%v, want a LockError", err)
	}
	s.AwaitRemovals(t.Context())
}

// A full disk keeps no DEL from removing rules: to be waited for saves time only.
func TestARemovalThatCantBeAnnouncedGoesOn(t *testing.T) {
	s := statetest.Open(t, func(*state.Tx) error { return nil })
	if err := os.Mkdir(filepath.Join(s.Dir(), "grace.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := s.LockRemoval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	s.AwaitRemovals(t.Context())
}

// awaitWaiting returns when somebody waits for a lock of the store, by /proc/locks (proc(5)).
func awaitWaiting(t *testing.T, s *state.Store, name string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(s.Dir(), name))
	if err != nil {
		t.Fatal(err)
	}
	inode := fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)
	for t.Context().Err() == nil {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(locks)) {
			if strings.Contains(line, "-> ") && strings.Contains(line, inode) {
				return
			}
		}
	}
}
