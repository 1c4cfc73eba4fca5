package listeners

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Process names the process that has a socket open, "nginx (pid 812)", or is empty if none is
// to be seen. It looks at all open files of all processes.
func Process(inode uint32) string {
	want := fmt.Sprintf("socket:[%d]", inode)
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, file := range files {
		if target, err := os.Readlink(file); err != nil || target != want {
			continue
		}
		dir := filepath.Dir(filepath.Dir(file))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(dir))
	}
	return ""
}
