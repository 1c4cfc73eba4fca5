package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// sizeLimit is what an executable may have, in bytes: a little more than the larger one has. It goes down with that.
// Other versions of Go bring a runtime of another size, which is not ours to answer for: 1.27.0 makes 6.43 million.
func sizeLimit() int64 {
	if strings.HasPrefix(runtime.Version(), "go1.26") {
		return 6_000_000
	}
	return 6_600_000
}

// TestThePluginPathPaysNothingForTheTool builds what is shipped, and the same without the commands
// for people, and compares what a runtime pays for: bytes that are read from disk, and what packages
// do before main begins. It counts, since a twentieth of a millisecond can't be timed on a busy machine.
func TestThePluginPathPaysNothingForTheTool(t *testing.T) {
	with, without := shippedBuild(t, ""), shippedBuild(t, withoutTool(t))
	var sizes [2]int64
	for i, dir := range []string{with, without} {
		for _, plugin := range []string{"vethbridge", "natport"} {
			info, err := os.Stat(filepath.Join(dir, plugin))
			if err != nil {
				t.Fatal(err)
			}
			sizes[i] += info.Size()
			if dir == with && info.Size() >= sizeLimit() {
				t.Errorf("%s has %d bytes, more than %d", plugin, info.Size(), sizeLimit())
			}
			t.Logf("%s: %d bytes", filepath.Join(filepath.Base(dir), plugin), info.Size())
		}
	}
	if sizes[0]*100 > sizes[1]*105 {
		t.Errorf("the executables have %d bytes, %d without the tool", sizes[0], sizes[1])
	}
	work, less := initWork(t, with), initWork(t, without)
	t.Logf("initialisation: %d bytes allocated, %d without the tool", work, less)
	if work*100 > less*105 {
		t.Errorf("packages allocate %d bytes before main, %d without the tool", work, less)
	}
}

// shippedBuild builds as make does.
func shippedBuild(t testing.TB, overlay string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("make", "-C", "..", "build", "BIN="+dir)
	if overlay != "" {
		cmd.Env = append(os.Environ(), "GOFLAGS=-overlay="+overlay)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make build: %v: %s", err, out)
	}
	return dir
}

// withoutTool is an overlay (go help build) of a main function that does not call the tool.
func withoutTool(t testing.TB) string {
	t.Helper()
	main, err := filepath.Abs("../plugins/vethbridge/main.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(?m)^.*("context"|internal/operator"|operator\.Run).*\n`).ReplaceAllString(string(text), "")
	if strings.Contains(bare, "operator.") || bare == string(text) {
		t.Fatalf("the tool is not called as this test thinks:\n%s", bare)
	}
	dir := t.TempDir()
	files := map[string]string{"main.go": bare, "overlay.json": testbed.Config{"Replace": testbed.Config{main: filepath.Join(dir, "main.go")}}.JSON()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "overlay.json")
}

// initWork is how many bytes packages allocate before main, as the runtime tells (GODEBUG, package runtime).
func initWork(t *testing.T, dir string) (bytes int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "vethbridge"))
	cmd.Env = []string{"GODEBUG=inittrace=1", "CNI_COMMAND=VERSION"}
	cmd.Stdin = strings.NewReader(`{"cniVersion": "1.0.0"}`)
	out, err := cmd.CombinedOutput()
	lines := regexp.MustCompile(`(?m)^init .* (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(string(out), -1)
	if err != nil || len(lines) == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, l := range lines {
		n, err := strconv.Atoi(l[1])
		if err != nil {
			t.Fatal(err)
		}
		bytes += n
	}
	return bytes
}
