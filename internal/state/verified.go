package state

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// verifyOnce verifies the state file before its first use in this boot, and again when
// another file stands in its place: what could have damaged it is a power cut or a foreign
// hand, and to read it all each time would make the cost grow with it. The lock file holds
// which file was verified. The book lock is held, perhaps shared: two processes that both
// verify write the same.
func (s *Store) verifyOnce(lock int, info fs.FileInfo) error {
	var inode uint64
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	mark := fmt.Appendf(nil, "%s %020d\n", s.bootID, inode)
	found := make([]byte, len(mark))
	if _, err := unix.Pread(lock, found, 0); err == nil && string(found) == string(mark) {
		return nil
	}
	if err := verify(filepath.Join(s.dir, bookFile)); err != nil {
		return err
	}
	// Without the mark, as on a full disk, the next transaction verifies again.
	_, _ = unix.Pwrite(lock, mark, 0)
	return nil
}
