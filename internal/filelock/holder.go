package filelock

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const unknown = "an unknown process"

// Holder names the process that holds a lock of flock(2) on an open file, as "process 123
// (iptables)", by /proc/locks (proc(5)).
func Holder(f *os.File) string {
	var st unix.Stat_t
	locks, err := os.Open("/proc/locks")
	if err != nil || unix.Fstat(int(f.Fd()), &st) != nil {
		return unknown
	}
	defer locks.Close()
	inode := fmt.Sprintf(":%d", st.Ino)
	for sc := bufio.NewScanner(locks); sc.Scan(); {
		fields := strings.Fields(sc.Text())
		if len(fields) > 5 && fields[1] == "FLOCK" && strings.HasSuffix(fields[5], inode) {
			comm, _ := os.ReadFile("/proc/" + fields[4] + "/comm")
			return fmt.Sprintf("process %s (%s)", fields[4], strings.TrimSpace(string(comm)))
		}
	}
	return unknown
}

// HolderOf is Holder for a path.
func HolderOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer f.Close()
	return Holder(f)
}
