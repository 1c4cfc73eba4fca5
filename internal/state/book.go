package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"vethbridge/internal/failure"
)

// bookWait bounds the wait for bbolt's own lock on the file. The book lock is held by
// then, so only a program that does not know this package can hold it.
const bookWait = 2 * time.Second

// errNoBook says, inside this file, that there is nothing to read yet.
var errNoBook = errors.New("no state file")

// book is the state file while one transaction is on.
type book struct {
	store *Store
	held  lock
	file  *os.File
	fresh bool // the file had no content
	db    *bbolt.DB
	tx    *bbolt.Tx
}

// transact runs fn in one transaction over the state file. All that the content of the
// file can cause, from a checksum that differs to a fault in the mapping of a file cut
// short, ends in a *corruptError; a panic of fn itself goes on.
func (s *Store) transact(held lock, writable bool, fn func(*Tx) error) (err error) {
	b, ended := &book{store: s, held: held}, false
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if ended {
			return
		}
		v := recover() // nil: the goroutine exits, as by FailNow in a test
		if v != nil {
			err = blameContent(v)
		}
		b.abandon()
		if v != nil && err == nil {
			panic(v)
		}
	}()
	err = b.run(writable, fn)
	ended = true
	return err
}

// run opens the file, runs fn and closes it.
func (b *book) run(writable bool, fn func(*Tx) error) error {
	if err := b.open(writable); errors.Is(err, errNoBook) {
		return fn(&Tx{bootID: b.store.bootID})
	} else if err != nil {
		return err
	}
	return errors.Join(b.runTx(&Tx{bootID: b.store.bootID, book: b.tx, rebuild: b.store.Rebuild}, fn), b.db.Close())
}

// open opens the file and begins a transaction.
func (b *book) open(writable bool) (err error) {
	path := filepath.Join(b.store.dir, bookFile)
	b.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		ReadOnly: !writable,
		Timeout:  bookWait,
		NoSync:   b.store.volatile,
		// The array form is the quicker one to load, and it is loaded for each transaction.
		FreelistType: bbolt.FreelistArrayType,
		NoStatistics: true,
		OpenFile:     b.openFile,
	})
	if err != nil {
		return b.openError(path, err)
	}
	b.tx, err = b.db.Begin(writable)
	if err != nil {
		return errors.Join(failure.To("begin transaction on "+path, err), b.db.Close())
	}
	return nil
}

// openFile opens the file for bbolt and keeps it, because bbolt leaves it open if it panics.
func (b *book) openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := openFile(path, flag, mode)
	if errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE == 0 {
		return nil, errNoBook
	}
	if err != nil {
		return nil, err
	}
	if err := b.inspect(f, flag&os.O_CREATE != 0); err != nil {
		f.Close()
		return nil, err
	}
	b.file = f
	return f, nil
}

// inspect looks at the file before bbolt does.
func (b *book) inspect(f *os.File, writable bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b.fresh = info.Size() == 0
	switch {
	case b.fresh && !writable:
		return errNoBook
	case b.fresh:
		return nil
	}
	return b.store.verifyOnce(b.held.fd, info)
}

// openError tells what the system refused from what the content of the file caused. A
// file that could not be begun (a full disk) is not left half made.
func (b *book) openError(path string, err error) error {
	var errno syscall.Errno
	switch {
	case errors.Is(err, errNoBook):
		return err
	case errors.Is(err, bolterrors.ErrTimeout):
		return &LockError{Path: path, Holder: "a program that is not of this release", Cause: err}
	case b.fresh:
		return errors.Join(failure.To("begin "+path, err), os.Remove(path))
	case errors.As(err, &errno):
		return err
	}
	return &corruptError{err}
}

// runTx runs fn and ends the transaction.
func (b *book) runTx(tx *Tx, fn func(*Tx) error) error {
	err := tx.checkSchema()
	if err == nil {
		err = fn(tx)
	}
	var undecodable *recordError
	if errors.As(err, &undecodable) {
		err = &corruptError{err}
	}
	if err != nil || !b.tx.Writable() {
		return errors.Join(err, b.tx.Rollback())
	}
	if err := b.tx.Commit(); err != nil {
		return failure.To("write state file", err)
	}
	return nil
}

// abandon lets go of a file over which bbolt panicked, as far as that is possible: what
// may panic again is not tried twice, and a lock that bbolt left taken is not waited for.
func (b *book) abandon() {
	defer func() {
		if recover() != nil {
			b.file.Close()
		}
	}()
	if b.tx == nil {
		if b.file != nil {
			b.file.Close()
		}
		return
	}
	if b.tx.DB() != nil {
		_ = b.tx.Rollback()
	}
	b.db.Close()
}

// setAside moves a state file that can't be used out of the way, so that a new one begins.
func (s *Store) setAside(cause error) error {
	path := filepath.Join(s.dir, bookFile)
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.corrupt-%d", path, n)
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		if err := os.Rename(path, aside); err != nil {
			return failure.To("set corrupt state file aside", err)
		}
		s.Log.Warn("state file is corrupt, begin a new one", "file", path, "kept", aside, "cause", cause)
		return nil
	}
}
