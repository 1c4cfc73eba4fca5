package state

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/filelock"
)

// lockLimit bounds every wait for a lock: long enough for a burst of hundreds of
// attachments, short enough to answer before a runtime gives up.
const lockLimit = 20 * time.Second

type lockMode int

const (
	shared    lockMode = unix.LOCK_SH
	exclusive lockMode = unix.LOCK_EX
)

// LockError says that a lock was not had in time.
type LockError struct {
	Path   string
	Holder string // what is known of the process that holds it
	Cause  error
}

// Error names the file, its holder and what ended the wait.
func (e *LockError) Error() string {
	cause := e.Cause.Error()
	if errors.Is(e.Cause, context.DeadlineExceeded) {
		cause = "it was not free in time"
	}
	return e.Path + " is held by " + e.Holder + ": " + cause
}

func (e *LockError) Unwrap() error { return e.Cause }

// lock is a lock on an open file that is held until release; without the file it is none.
type lock struct {
	fd   int
	held bool
}

// release lets the lock go; closing the only descriptor does it (flock(2), fcntl(2)).
func (l lock) release() {
	if l.held {
		unix.Close(l.fd)
	}
}

// locking asks the kernel for a lock on a file, and waits for it if it shall.
type locking interface {
	ask(fd int, wait bool) error
	holder(fd int) string
}

// lockFile waits for the lock of a mode on the whole file path.
func lockFile(ctx context.Context, path string, mode lockMode) (lock, error) {
	return acquire(ctx, path, mode)
}

// acquire waits for a lock on the file path, which is made if it is missing. The wait is
// the kernel's own queue (a poll would starve under load), so it is a blocking call beside
// which the limit runs; when that passes first, a lock had later is let go at once.
func acquire(ctx context.Context, path string, l locking) (lock, error) {
	fd, err := openPlain(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return lock{}, err
	}
	if err := l.ask(fd, false); err == nil {
		return lock{fd, true}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- patiently(l, fd) }()
	select {
	case err := <-done:
		if err != nil {
			unix.Close(fd)
			return lock{}, failure.To("lock "+path, err)
		}
		return lock{fd, true}, nil
	case <-ctx.Done():
		holder := l.holder(fd) // before the file may be closed
		go func() {
			<-done //nolint:errcheck // the kernel's queue can't be left, but what comes of it is not kept
			unix.Close(fd)
		}()
		return lock{}, &LockError{Path: path, Holder: holder, Cause: ctx.Err()}
	}
}

func patiently(l locking, fd int) error {
	for {
		if err := l.ask(fd, true); err != unix.EINTR {
			return err
		}
	}
}

func (m lockMode) ask(fd int, wait bool) error {
	if !wait {
		m |= unix.LOCK_NB
	}
	return unix.Flock(fd, int(m))
}

func (lockMode) holder(fd int) string { return filelock.Holder(fd) }
