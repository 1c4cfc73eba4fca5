package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

func TestAnOwnerIsLockedForAllOthersButNoOtherOwnerIs(t *testing.T) {
	s := statetest.Open(t, func(*state.Tx) error { return nil })
	web := attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}
	db := attachment.Owner{Network: "demo", ContainerID: "db", IfName: "eth0"}
	unlock, err := s.LockOwner(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	other, ok, err := s.TryLockOwner(db)
	if err != nil || !ok {
		t.Fatalf("another owner: %v, %v", ok, err)
	}
	other()
	if _, ok, err := s.TryLockOwner(web); err != nil || ok {
		t.Errorf("the same owner at once: %v, %v", ok, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var late *state.LockError
	if _, err := s.LockOwner(ctx, web); !errors.As(err, &late) {
		t.Errorf("the same owner after a wait: %v, want a LockError", err)
	} else if want := fmt.Sprintf("process %d (", os.Getpid()); !strings.HasPrefix(late.Holder, want) {
		t.Errorf("holder %q, want %q...", late.Holder, want)
	}
	done := make(chan error)
	go func() {
		unlock, err := s.LockOwner(t.Context(), web)
		if err == nil {
			unlock()
		}
		done <- err
	}()
	unlock()
	if err := <-done; err != nil {
		t.Errorf("after unlock: %v", err)
	}
}
