package state

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// DirError says why a state directory is not used.
type DirError struct {
	Dir    string
	Reason string
}

func (e *DirError) Error() string { return fmt.Sprintf("state directory %s %s", e.Dir, e.Reason) }

// prepareDir makes the state directory if it is missing and refuses one in which the
// state could not be kept, or others could change it.
func prepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return failure.To("make state directory", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return failure.To("make state directory", &os.PathError{Op: "stat", Path: dir, Err: err})
	}
	if uid := os.Geteuid(); int(st.Uid) != uid {
		return &DirError{dir, fmt.Sprintf("belongs to user %d, not to user %d", st.Uid, uid)}
	}
	if st.Mode&0o022 != 0 {
		return &DirError{dir, fmt.Sprintf("can be written by others (mode %#o)", st.Mode&0o7777)}
	}
	// That of package unix brings along what flags need that are not given here, 5 KB.
	if err := syscall.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return &DirError{dir, fmt.Sprintf("can't be written: %v", err)}
	}
	return nil
}

// volatile reports whether dir is on a file system in memory, whose files no power cut
// leaves half written because it leaves none. There fsync(2) protects nothing.
func volatile(dir string) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false
	}
	return st.Type == unix.TMPFS_MAGIC || st.Type == unix.RAMFS_MAGIC
}

// Full reports whether the file system of the state directory has no room left. What is in the file may be released then and changed,
// but nothing may come to it.
func (s *Store) Full() bool { return s.short(1, 0) }

// short reports whether the file system has fewer bytes or files to give. A tmpfs without a limit says that it has none at all.
func (s *Store) short(bytes, files uint64) bool {
	var st unix.Statfs_t
	err := unix.Statfs(s.dir, &st)
	return err == nil && (st.Blocks > 0 && st.Bfree*uint64(st.Frsize) < bytes || st.Files > 0 && st.Ffree < files)
}
