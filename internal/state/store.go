package state

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"vethbridge/internal/failure"
)

// DefaultDir is where the state lives unless a config says otherwise. It is on tmpfs,
// because network namespaces, links and rules die with the boot, and so must their records.
const DefaultDir = "/run/vethbridge"

const (
	bookFile   = "state.db"
	bookLock   = "state.lock"
	kernelLock = "kernel.lock"
)

// Store is a state directory. It holds no file open between transactions, so it is safe
// for concurrent use by any number of goroutines and processes.
type Store struct {
	dir      string
	bootID   string
	volatile bool // see the function volatile
	// Rebuild fills a book that was just begun, because there was none or the former one was
	// corrupt, with what is known from elsewhere. It runs in the first transaction that
	// writes. It may be nil, and is set before the first use.
	Rebuild func(*Tx) error
	// Log is told of a corrupt state file.
	Log *slog.Logger
}

// Open prepares the state directory dir, making it if it is missing. The error says
// which directory could not be used and why; nothing is changed then.
func Open(dir string) (*Store, error) {
	if err := prepareDir(dir); err != nil {
		return nil, err
	}
	bootID, err := readBootID()
	if err != nil {
		return nil, err
	}
	return &Store{dir: dir, bootID: bootID, volatile: volatile(dir), Log: slog.Default()}, nil
}

// Dir returns the state directory.
func (s *Store) Dir() string { return s.dir }

// BootID returns the identity of the running boot; a record with another one is dead.
func (s *Store) BootID() string { return s.bootID }

// Begun reports whether there is a state file.
func (s *Store) Begun() bool {
	info, err := os.Stat(filepath.Join(s.dir, bookFile))
	return err == nil && info.Size() > 0
}

// Update runs fn in a read-write transaction; an error from fn takes back all of it.
// Another process's transaction is waited for, up to ctx's deadline or the lock limit.
//
// A state file that turns out corrupt is set aside and a new one begun, and fn runs again,
// on an empty book: it must not rely on running once.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	held, err := lockFile(ctx, filepath.Join(s.dir, bookLock), exclusive)
	if err != nil {
		return failure.To("lock state", err)
	}
	defer held.release()
	err = s.transact(held, true, fn)
	var corrupt *corruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	if err := s.setAside(corrupt.cause); err != nil {
		return err
	}
	return s.transact(held, true, fn)
}

// View runs fn in a read-only transaction. A state file that does not exist yet reads as
// an empty one. One that is corrupt is treated as in Update.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	err := s.view(ctx, fn)
	var corrupt *corruptError
	if errors.As(err, &corrupt) {
		return s.Update(ctx, fn)
	}
	return err
}

func (s *Store) view(ctx context.Context, fn func(*Tx) error) error {
	held, err := lockFile(ctx, filepath.Join(s.dir, bookLock), shared)
	if err != nil {
		return failure.To("lock state", err)
	}
	defer held.release()
	return s.transact(held, false, fn)
}

// LockKernel takes the lock under which kernel objects that several attachments share (a
// bridge, a table, a masquerade entry, a sysctl) are made and removed according to the
// book. It is never held during a wait that the kernel imposes after a change.
func (s *Store) LockKernel(ctx context.Context) (unlock func(), err error) {
	held, err := lockFile(ctx, filepath.Join(s.dir, kernelLock), exclusive)
	if err != nil {
		return nil, failure.To("lock kernel changes", err)
	}
	return held.release, nil
}
