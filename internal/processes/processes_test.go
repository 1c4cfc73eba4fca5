package processes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vethbridge/internal/processes"
)

func TestAProcessIsFoundByAFileThatItHasOpen(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "open"))
	if err != nil {
		t.Fatal(err)
	}
	isIt := func(path string) bool {
		target, err := os.Readlink(path)
		return err == nil && target == file.Name()
	}
	pid := processes.With("fd", isIt)
	if pid != fmt.Sprint(os.Getpid()) || processes.Command(pid) == "" {
		t.Errorf("process %q (%q) has the file open, want %d", pid, processes.Command(pid), os.Getpid())
	}
	file.Close()
	if pid := processes.With("fd", isIt); pid != "" || processes.Command(pid) != "" {
		t.Errorf("process %q (%q) has a closed file open", pid, processes.Command(pid))
	}
}

func TestAProcessCantNameItselfInWordsForTheTerminal(t *testing.T) {
	before := processes.Command("self")
	rename := func(name string) {
		if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
			t.Fatal(err)
		}
	}
	rename("a\x1b[31m\nb\x07\x9b")
	defer rename(before)
	if got := processes.Command("self"); got != "a?[31m?b?�" {
		t.Errorf("it is shown as %q", got)
	}
}
