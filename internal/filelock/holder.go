package filelock

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/processes"
)

const unknown = "an unknown process"

// Holder names the process that holds a lock of flock(2) on the open file fd, as "process 123
// (iptables)", by /proc/locks (proc(5)).
func Holder(fd int) string {
	var st unix.Stat_t
	locks, err := os.ReadFile("/proc/locks")
	if err != nil || unix.Fstat(fd, &st) != nil {
		return unknown
	}
	inode := fmt.Sprintf(":%d", st.Ino)
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line)
		if len(fields) > 5 && fields[1] == "FLOCK" && strings.HasSuffix(fields[5], inode) {
			return process(fields[4])
		}
	}
	return unknown
}

func process(pid string) string {
	return fmt.Sprintf("process %s (%s)", pid, processes.Command(pid))
}

// HolderOfByte is Holder for an open file description lock (fcntl(2)) on one byte of the file.
// The kernel names no process for such a lock, but the open files of each process tell which
// locks they hold (proc(5), fdinfo).
func HolderOfByte(fd int, offset int64) string {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return unknown
	}
	lock := fmt.Sprintf(":%d %d %d\n", st.Ino, offset, offset)
	pid := processes.With("fdinfo", func(file string) bool {
		info, _ := os.ReadFile(file)
		return strings.Contains(string(info), "OFDLCK") && strings.Contains(string(info), lock)
	})
	if pid == "" {
		return unknown
	}
	return process(pid)
}

// HolderOf is Holder for a path.
func HolderOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer f.Close()
	return Holder(int(f.Fd()))
}
