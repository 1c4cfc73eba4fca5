package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestHeldLockEndsInAnErrorThatNamesItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := lockFile(context.Background(), path, shared)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = lockFile(ctx, path, exclusive)
	var lockErr *LockError
	if !errors.As(err, &lockErr) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v, want a LockError for the deadline", err)
	}
	if want := fmt.Sprintf("process %d (", os.Getpid()); !strings.HasPrefix(lockErr.Holder, want) {
		t.Errorf("holder %q, want %q...", lockErr.Holder, want)
	}
	held.release()
	// The one who gave up must not keep what it gets in the end, which is somewhere among
	// the others.
	var others sync.WaitGroup
	for range 20 {
		others.Go(func() {
			for range 20 {
				again, err := lockFile(context.Background(), path, exclusive)
				if err != nil {
					t.Error(err)
					return
				}
				again.release()
			}
		})
	}
	others.Wait()
}

func TestSharedLocksDoNotWaitForEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for range 2 {
		held, err := lockFile(context.Background(), path, shared)
		if err != nil {
			t.Fatal(err)
		}
		defer held.release()
	}
}
