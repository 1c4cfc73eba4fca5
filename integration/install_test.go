package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/template"

	"vethbridge/integration/testbed"
)

const installer = "../conf/kubernetes/install"

// node is where the installer puts what.
type node struct {
	*testing.T
	dir, bin, conflist string
}

// newNode has what was installed before: executables of ours that say it, and a conflist.
func newNode(t *testing.T) node {
	t.Helper()
	n := node{t, t.TempDir(), "", ""}
	n.bin, n.conflist = filepath.Join(n.dir, "bin"), filepath.Join(n.dir, "net.d/10-pods.conflist")
	for _, dir := range []string{n.bin, filepath.Dir(n.conflist)} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	n.former()
	n.write(n.conflist, "{}")
	return n
}

// former puts the former executables in place again.
func (n node) former() {
	n.Helper()
	for _, name := range []string{"vethbridge", "natport"} {
		text, err := os.ReadFile(filepath.Join(string(built), name))
		if err != nil {
			n.Fatal(err)
		}
		n.write(filepath.Join(n.dir, name), string(text)+"former")
		if err := os.Rename(filepath.Join(n.dir, name), filepath.Join(n.bin, name)); err != nil {
			n.Fatal(err)
		}
	}
}

// write lets no other process be forked meanwhile, which would hold the file open for writing: nobody
// could start it.
func (n node) write(path, text string) {
	n.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		n.Fatal(err)
	}
}

// install runs the installer, below other words.
func (n node) install(conflist string, below ...string) (string, error) {
	words := slices.Concat(below, []string{installer, string(built), n.bin, conflist, n.conflist})
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	return string(out), err
}

// files are all that is there, and which of them are what is to be installed.
func (n node) files() (list string) {
	n.Helper()
	for _, pattern := range []string{"bin/*", "bin/.[a-z]*", "net.d/*", "net.d/.[a-z]*"} {
		found, err := filepath.Glob(filepath.Join(n.dir, pattern))
		if err != nil {
			n.Fatal(err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				n.Fatal(err)
			}
			state := " new"
			if strings.HasSuffix(string(text), "former") || string(text) == "{}" {
				state = " former"
			}
			list += strings.TrimPrefix(path, n.dir+"/") + state + "\n"
		}
	}
	return list
}

const (
	allNew    = "bin/natport new\nbin/vethbridge new\nnet.d/10-pods.conflist new\n"
	allFormer = "bin/natport former\nbin/vethbridge former\nnet.d/10-pods.conflist former\n"
)

// TestInstallingDisturbsNoRunningContainer replaces executables while calls of them are under way.
func TestInstallingDisturbsNoRunningContainer(t *testing.T) {
	h, n := newDemo(t)
	node := newNode(t)
	n.Plugins = testbed.Plugins(node.bin)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	calls := make(chan string)
	go func() { // VERSION touches nothing of the machine
		failed := ""
		for range 200 {
			cmd := n.Plugins.Command(testbed.Call{Plugin: "vethbridge", Command: "VERSION", Config: "{}"})
			if out, err := cmd.CombinedOutput(); err != nil {
				failed = err.Error() + string(out)
			}
		}
		calls <- failed
	}()
	for range 10 {
		if out, err := node.install(confDir + "/kubernetes.conflist"); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if files := node.files(); files != allNew {
			t.Fatalf("installed:\n%s", files)
		}
		if again, err := node.install(confDir + "/kubernetes.conflist"); err != nil || strings.Contains(again, "installed") {
			t.Fatalf("installed once more: %v: %s", err, again)
		}
		node.former()
	}
	if failed := <-calls; failed != "" {
		t.Errorf("a call meanwhile: %s", failed)
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	if a := n.Check(t, web, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	n.Del(t, web, result.Raw)
}

// TestAnInstallationThatFailsLeavesWhatWasThere is about a conflist that is wrong, and about a
// disk that takes no more.
func TestAnInstallationThatFailsLeavesWhatWasThere(t *testing.T) {
	node := newNode(t)
	wrong := filepath.Join(t.TempDir(), "wrong.conflist")
	node.write(wrong, `{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "vethbridge", "mtu": -1}]}`)
	if out, err := node.install(wrong); err == nil || !strings.Contains(out, "mtu") {
		t.Errorf("a wrong conflist: %v: %s", err, out)
	}
	for _, name := range []string{"vethbridge", "natport"} { // the first of them to find no room
		full := `cp() { case $1 in */` + name + `) echo "No space left on device" >&2; return 1;; esac; command cp "$@"; }; . "$0"`
		if out, err := node.install(confDir+"/kubernetes.conflist", "sh", "-c", full); err == nil {
			t.Errorf("no room for %s: %s", name, out)
		}
	}
	if out, err := node.install(confDir+"/kubernetes.conflist", "prlimit", "--fsize=1000000"); err == nil {
		t.Errorf("a full disk: %s", out)
	}
	if files := node.files(); files != allFormer {
		t.Errorf("left:\n%s", files)
	}
}

// TestAWarningIsSaidAndBlocksNoInstallation: plugins tolerate what it is about.
func TestAWarningIsSaidAndBlocksNoInstallation(t *testing.T) {
	node := newNode(t)
	mild := filepath.Join(t.TempDir(), "mild.conflist")
	node.write(mild, `{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "vethbridge", "bridg": "pods0"}]}`)
	if out, err := node.install(mild); err != nil || !strings.Contains(out, "warning: plugins[0].bridg is an unknown key") {
		t.Errorf("%v: %s", err, out)
	}
	if files := node.files(); files != allNew {
		t.Errorf("installed:\n%s", files)
	}
}

// TestTheTemplateForContainerdMakesAConflist fills it in as containerd does, and runs it.
func TestTheTemplateForContainerdMakesAConflist(t *testing.T) {
	for name, ranges := range map[string][]string{"IPv4": {"10.244.3.0/24"}, "both families": {"10.244.3.0/24", "fd44:0:0:3::/64"}} {
		t.Run(name, func(t *testing.T) {
			filled, err := template.ParseFiles(confDir + "/kubernetes/conflist.template")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			file, err := os.Create(filepath.Join(dir, "10-pods.conflist"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			data := struct {
				PodCIDR               string
				PodCIDRRanges, Routes []string
			}{ranges[0], ranges, []string{"0.0.0.0/0"}}
			if err := filled.Execute(file, data); err != nil {
				t.Fatal(err)
			}
			runConflist(t, dir, file.Name())
		})
	}
}

// TestTheDaemonSetInstallsTheSampleForFlannel compares the two, indentation aside.
func TestTheDaemonSetInstallsTheSampleForFlannel(t *testing.T) {
	manifest, err := os.ReadFile(confDir + "/kubernetes/daemonset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile(confDir + "/flannel.conflist")
	if err != nil {
		t.Fatal(err)
	}
	indented := "    " + strings.ReplaceAll(strings.TrimSpace(string(sample)), "\n", "\n    ") + "\n---\n"
	if !strings.Contains(string(manifest), indented) {
		t.Errorf("the manifest lacks\n%s", indented)
	}
}
