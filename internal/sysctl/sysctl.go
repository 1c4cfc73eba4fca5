package sysctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

const root = "/proc/sys/"

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
	data, err := os.ReadFile(root + key)
	if err != nil {
		return "", fmt.Errorf("read sysctl %s: %w", key, err)
	}
	return strings.TrimSpace(string(data)), nil
}

// Ensure makes a sysctl hold value and returns what it held before. It writes only on
// difference, so that a read-only /proc/sys with the right value is no problem.
func Ensure(key, value string) (previous string, changed bool, err error) {
	previous, err = Get(key)
	if err != nil || previous == value {
		return previous, false, err
	}
	if err := os.WriteFile(root+key, []byte(value), 0o644); err != nil {
		return previous, false, &Error{Key: key, Wanted: value, Found: previous, Cause: err}
	}
	return previous, true, nil
}

// IsMissing reports whether err says that there is no such sysctl, as of a device that
// is gone.
func IsMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
