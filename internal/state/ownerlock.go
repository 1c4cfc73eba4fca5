package state

import (
	"context"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/filelock"
)

const ownerLock = "owner.lock"

// LockOwner makes the caller the only one that attaches or releases an owner, until unlock. A
// runtime that has given up on an ADD may call DEL while that ADD still runs: the DEL waits.
// It comes before the kernel lock. The error is a *LockError when the wait takes too long.
func (s *Store) LockOwner(ctx context.Context, o attachment.Owner) (unlock func(), err error) {
	held, err := acquire(ctx, filepath.Join(s.dir, ownerLock), byteOf(o))
	if err != nil {
		return nil, failure.To("lock "+o.String(), err)
	}
	return held.release, nil
}

// TryLockOwner is LockOwner that does not wait: it reports false if someone else is at it.
func (s *Store) TryLockOwner(o attachment.Owner) (unlock func(), ok bool, err error) {
	fd, err := openPlain(filepath.Join(s.dir, ownerLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, failure.To("lock "+o.String(), err)
	}
	err = byteOf(o).ask(fd, false)
	switch {
	case err == nil:
		return lock{fd, true}.release, true, nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return nil, false, unix.Close(fd)
	}
	return nil, false, errors.Join(failure.To("lock "+o.String(), err), unix.Close(fd))
}

// oneByte is a lock on the byte of a file at an offset (open file description locks, fcntl(2)).
// The file stays empty, so that no owner leaves anything behind.
type oneByte int64

// byteOf may be the same for two owners; one of them waits for nothing then.
func byteOf(o attachment.Owner) oneByte {
	h := fnv.New64a()
	_, _ = h.Write(o.Key())
	return oneByte(h.Sum64() >> 2) // an offset has 63 bits, and the byte an end
}

func (b oneByte) ask(fd int, wait bool) error {
	command := unix.F_OFD_SETLK
	if wait {
		command = unix.F_OFD_SETLKW
	}
	return unix.FcntlFlock(uintptr(fd), command, &unix.Flock_t{Type: unix.F_WRLCK, Whence: unix.SEEK_SET, Start: int64(b), Len: 1})
}

func (b oneByte) holder(fd int) string { return filelock.HolderOfByte(fd, int64(b)) }
