package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// here are the programs whose command lines in the docs are run by this test.
var here = []string{"vethbridge", "natport", "nft", "ip", "sysctl", "iptables"}

// elsewhere are the blocks that need a runtime or build something, by their first lines: the tests of runtimes do
// what they say (make test-runtimes), in words of their own.
var elsewhere = []string{
	"../docs/cnitool.md: make build",
	"../docs/containerd.md: export CONTAINER_RUNTIME_ENDPOINT=unix:///run/containerd/containerd.sock",
	"../docs/flannel.md: etcdctl",
	"../README.md: make demo",
	"../docs/performance.md: make bench",
}

// commandBlock finds what stands between fences; its language is that of a picture or a config, or none or a shell's.
var commandBlock = regexp.MustCompile("(?ms)^[ \t]*```(\\w*)\n(.*?)^[ \t]*```[ \t]*$")

// TestCommandLinesOfTheDocsWork runs them on a host with the network of the README.
func TestCommandLinesOfTheDocsWork(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	h := newDocsHost(t)
	run, skipped := 0, 0
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range commandBlock.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains([]string{"", "sh", "bash"}, block[1]) {
				continue
			}
			if first := page + ": " + strings.TrimSpace(block[2]); slices.ContainsFunc(elsewhere, func(e string) bool { return strings.HasPrefix(first, e) }) {
				skipped++
				continue
			}
			for _, line := range commandsOf(t, page, block[2]) {
				h.run(t, page, line)
				run++
			}
		}
	}
	if skipped != len(elsewhere) {
		t.Errorf("%d blocks were left to other tests, not %d", skipped, len(elsewhere))
	}
	if run < 20 {
		t.Errorf("only %d command lines were found", run)
	}
}

// commandsOf lists the command lines of a block: those behind "$ " where there are any, else all.
func commandsOf(t *testing.T, page, block string) (lines []string) {
	t.Helper()
	prompted := strings.HasPrefix(block, "$ ")
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if prompted {
			command, is := strings.CutPrefix(line, "$ ")
			if line = command; !is {
				continue
			}
		}
		word, _, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case slices.Contains(here, word):
			lines = append(lines, line)
		default:
			t.Errorf("%s: nobody runs %q", page, line)
		}
	}
	return lines
}

// docsHost is a host with the network "containers" on bridge cni0, and web and db on it.
type docsHost struct {
	host *testbed.Host
	dir  string // with a /run and the files that command lines name
}

func newDocsHost(t *testing.T) docsHost {
	t.Helper()
	h, n := newDemo(t)
	for plugin := range n.Chain {
		n = n.With(plugin, "name", "containers")
	}
	n = n.With(0, "bridge", "cni0").With(0, "ipMasq", true).
		With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.88.0.0/16"}}, []any{testbed.Config{"subnet": "fd88::/64"}}}})
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	attach(t, h, n, "db")
	d := docsHost{h, t.TempDir()}
	wrong, err := os.ReadFile("testdata/wrong.conflist")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "10-web.conflist"), wrong, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(d.dir, "run", "vethbridge"), 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

// examples are what stands in the docs for a name of the reader's.
var examples = strings.NewReplacer("WHAT", "web", "CLIENT DEST PORT", "db web 80", "FILE", "10-web.conflist", "NAME", "containers", "BRIDGE", "cni0",
	"trace 198.51.100.2", "trace --wait 1s 198.51.100.2", "eth0", "uplink")

// mayFind are the commands whose exit status 1 says that there is something to say.
var mayFind = regexp.MustCompile(`^vethbridge (doctor|validate|check|trace)`)

func (d docsHost) run(t *testing.T, page, line string) {
	t.Helper()
	const private = `mount --bind "$1" /run && mount --bind "$2" /run/vethbridge && cd "$3" && exec sh -ec "$4"`
	cmd := exec.Command("unshare", "--mount", "sh", "-ec", private, "sh", filepath.Join(d.dir, "run"), d.host.StateDir, d.dir, examples.Replace(line))
	cmd.Env = append(os.Environ(), "PATH="+string(built)+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	status := cmd.ProcessState.ExitCode()
	t.Logf("%s: %s: %d", page, line, status)
	if status != 0 && !(status == 1 && mayFind.MatchString(line)) {
		t.Errorf("%s: %s: %v: %s", page, line, err, out)
	}
}
