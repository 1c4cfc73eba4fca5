package state

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openFile is os.OpenFile for files that never block: it does not offer them to Go's poller,
// which takes six system calls and refuses them in the end.
func openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	fd, err := openPlain(path, flag, mode)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openPlain is openFile without the os.File, which asks the kernel for the flags of what it gets.
func openPlain(path string, flag int, mode os.FileMode) (fd int, err error) {
	for {
		fd, err = unix.Open(path, flag|unix.O_CLOEXEC, uint32(mode.Perm()))
		if err == nil {
			return fd, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return -1, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}
