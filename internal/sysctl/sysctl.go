package sysctl

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Error says that a sysctl is not as wanted and could not be made so.
type Error struct {
	Key, Wanted, Found string
	Cause              error
}

func (e *Error) Error() string {
	return fmt.Sprintf("set sysctl %s to %q (it is %q): %v", e.Key, e.Wanted, e.Found, e.Cause)
}

func (e *Error) Unwrap() error { return e.Cause }

// ForNewLinks is the setting as sysctl(8) takes it; one of a link as links to come get it.
func (e *Error) ForNewLinks() string {
	parts := strings.Split(e.Key, "/")
	if len(parts) == 5 && parts[2] == "conf" && parts[3] != "all" {
		parts[3] = "default"
	}
	return strings.Join(parts, ".") + "=" + e.Wanted
}

// Get reads a sysctl of the calling thread's namespaces. Key is its path below /proc/sys,
// so that interface names with dots are no riddle.
func Get(key string) (string, error) {
	fd, err := open(key, unix.O_RDONLY)
	if err != nil {
		return "", failure.To("read sysctl "+key, err)
	}
	defer unix.Close(fd)
	return read(fd, key)
}

// read is without os.File, which would ask the file's flags, set them, and take it into and
// out of the poller: an ADD reads a dozen sysctls.
func read(fd int, key string) (string, error) {
	var data [256]byte // more than any sysctl of the network has
	n, err := unix.Pread(fd, data[:], 0)
	if err != nil {
		return "", failure.To("read sysctl "+key, err)
	}
	return strings.TrimSpace(string(data[:n])), nil
}

// Ensure makes a sysctl hold value and returns what it held before. It writes only on
// difference, so that a read-only /proc/sys with the right value is no problem.
func Ensure(key, value string) (previous string, changed bool, err error) {
	fd, err := open(key, unix.O_RDWR)
	if err != nil {
		return ensureReadOnly(key, value, err)
	}
	defer unix.Close(fd)
	previous, err = read(fd, key)
	if err != nil || previous == value {
		return previous, false, err
	}
	if _, err := unix.Pwrite(fd, []byte(value), 0); err != nil {
		return previous, false, &Error{Key: key, Wanted: value, Found: previous, Cause: err}
	}
	return previous, true, nil
}

// ensureReadOnly looks at a sysctl that can't be opened for writing, because of refused.
func ensureReadOnly(key, value string, refused error) (previous string, changed bool, err error) {
	previous, err = Get(key)
	if err != nil || previous == value {
		return previous, false, err
	}
	return previous, false, &Error{Key: key, Wanted: value, Found: previous, Cause: refused}
}

// IsMissing reports whether err says that there is no such sysctl, as of a device that
// is gone.
func IsMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
