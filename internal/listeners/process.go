package listeners

import (
	"fmt"
	"os"

	"vethbridge/internal/processes"
)

// Process names the process that has a socket open, "nginx (pid 812)", or is empty if none is
// to be seen. It looks at all open files of all processes.
func Process(inode uint32) string {
	want := fmt.Sprintf("socket:[%d]", inode)
	pid := processes.With("fd", func(file string) bool {
		target, err := os.Readlink(file)
		return err == nil && target == want
	})
	if pid == "" {
		return ""
	}
	return fmt.Sprintf("%s (pid %s)", processes.Command(pid), pid)
}
