package processes

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// With finds a process by what is in a directory of it below /proc, as "fd", and returns its ID. It is empty if there is
// none, or none that may be looked at.
func With(dir string, meant func(path string) bool) (pid string) {
	for _, pid := range names("/proc") {
		if pid[0] < '0' || pid[0] > '9' {
			continue
		}
		of := filepath.Join("/proc", pid, dir)
		for _, name := range names(of) {
			if meant(filepath.Join(of, name)) {
				return pid
			}
		}
	}
	return ""
}

// Command is the name of a process's program, empty if the process is gone. Processes name themselves as they like (prctl(2)), and
// the name is shown on terminals: what is not printable in it is a question mark.
func Command(pid string) string {
	comm, _ := os.ReadFile("/proc/" + pid + "/comm")
	return strings.Map(printable, strings.TrimSpace(string(comm)))
}

func printable(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return '?'
}

// names are what is in a directory; a process may be gone by now.
func names(dir string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	list, _ := d.Readdirnames(-1)
	return list
}
