package runtimes

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plugins is where containerd's documentation has plugins; it is empty until somebody installs them.
const plugins = "/opt/cni/bin"

// configMap is the directory that stands for the ConfigMap of the DaemonSet: a static pod may not
// refer to an object of an API server.
const configMap = "/run/configmap"

// subnetEnv is what flanneld says of this node, which the DaemonSet's conflist goes by.
const subnetEnv = `FLANNEL_NETWORK=10.244.0.0/16
FLANNEL_SUBNET=10.244.3.1/24
FLANNEL_IPV6_NETWORK=fd44::/48
FLANNEL_IPV6_SUBNET=fd44:0:0:3::1/64
FLANNEL_MTU=1450
FLANNEL_IPMASQ=false
`

// daemonSet is conf/kubernetes/daemonset.yaml, taken apart.
type daemonSet struct{ template, conflist string }

func readDaemonSet(t *testing.T) daemonSet {
	t.Helper()
	text, err := os.ReadFile(conf + "/kubernetes/daemonset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, data, found := strings.Cut(string(text), "\n  10-pods.conflist: |\n")
	data, _, foundEnd := strings.Cut(data, "---\n")
	_, template, foundTemplate := strings.Cut(string(text), "\n  template:\n")
	if !found || !foundEnd || !foundTemplate {
		t.Fatalf("no ConfigMap or no template in\n%s", text)
	}
	return daemonSet{indented(template), indented(data)}
}

// indented is the text without its indentation by four.
func indented(text string) string {
	return strings.ReplaceAll("\n"+text, "\n    ", "\n")
}

// pod is the pod of the DaemonSet as a static one, with an image of ours and a directory in place of
// the ConfigMap.
func (d daemonSet) pod(t *testing.T, image string) string {
	t.Helper()
	text := "apiVersion: v1\nkind: Pod\n" + d.template
	for old, replacement := range map[string]string{
		"\nmetadata:\n":                   "\nmetadata:\n  name: vethbridge\n  namespace: kube-system\n",
		"image: IMAGE":                    "image: " + image,
		"configMap: { name: vethbridge }": "hostPath: { path: " + configMap + " }",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the DaemonSet lacks %q:\n%s", old, text)
		}
		text = strings.ReplaceAll(text, old, replacement)
	}
	return text
}

// imageRoot is a version of the executables, as the root directory of the image that
// conf/kubernetes/Dockerfile makes.
type imageRoot string

// dockerfile makes the image's root as the Dockerfile says, on a base of busybox, with something at the end
// of the executables by which versions differ.
func dockerfile(t *testing.T, version string) imageRoot {
	t.Helper()
	root := "/run/vethbridge-image-" + version
	for _, dir := range []string{"bin", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "cp", "/usr/bin/busybox", root+"/bin")
	for _, name := range strings.Fields(run(t, "busybox", "--list")) {
		if name != "busybox" {
			if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := os.ReadFile(conf + "/kubernetes/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			run(t, "cp", filepath.Join(filepath.Dir(conf), source), filepath.Join(root, words[len(words)-1]))
		}
	}
	for _, name := range []string{"vethbridge", "natport"} {
		run(t, "sh", "-c", `printf "$1" >> "$2"`, "sh", version, filepath.Join(root, name))
	}
	return imageRoot(root)
}

// installed reports whether the node has the executables of the image.
func (i imageRoot) installed(t *testing.T) bool {
	t.Helper()
	for _, name := range []string{"vethbridge", "natport"} {
		want, err := os.ReadFile(filepath.Join(string(i), name))
		if err != nil {
			t.Fatal(err)
		}
		if is, err := os.ReadFile(filepath.Join(plugins, name)); err != nil || !bytes.Equal(is, want) {
			return false
		}
	}
	return true
}

// held are files that somebody has open while they are replaced.
type held map[*os.File][]byte

func hold(t *testing.T, paths ...string) held {
	t.Helper()
	h := held{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if h[f], err = io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// intact wants nobody to have written into them: who has one open, runs it or reads it, goes on with it.
func (h held) intact(t *testing.T) {
	t.Helper()
	for f, was := range h {
		is, err := io.ReadAll(io.NewSectionReader(f, 0, int64(len(was))+1))
		if err != nil || !bytes.Equal(is, was) {
			t.Errorf("%s was written into: %v, %d bytes, were %d", f.Name(), err, len(is), len(was))
		}
		f.Close()
	}
}

// TestTheDaemonSetInstallsAndUpdatesANode runs the DaemonSet's own pod on a node that has nothing of
// ours, and then a newer one of it while a client talks with a pod.
func TestTheDaemonSetInstallsAndUpdatesANode(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		run(t, "mount", "-t", "tmpfs", "tmpfs", "/opt")
		n := newKubelet(t, func(config string) string { return strings.Replace(config, `"`+bin+`"`, `"`+plugins+`"`, 1) })
		for _, dir := range []string{configMap, "/run/flannel"} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		write(t, "/run/flannel/subnet.env", subnetEnv)
		set, first, second := readDaemonSet(t), dockerfile(t, "1"), dockerfile(t, "2")
		n.load(archive(t, "localhost/vethbridge:1", string(first)))
		n.load(archive(t, "localhost/vethbridge:2", string(second)))
		write(t, configMap+"/10-pods.conflist", set.conflist)
		n.network("false")
		place(t, "vethbridge", set.pod(t, "localhost/vethbridge:1"))
		within(t, patience, "the executables are installed", func() (string, bool) { return "", first.installed(t) })
		n.network("true")
		before := podState(t)
		place(t, "web", staticPod)
		web := n.sandboxBeside("", "web")
		n.answersAll(web, "web", "8080")
		n.passed(t, add, "the DaemonSet's pod installs all on a bare node, which becomes ready, and a hostPort answers")

		talk, conflist := newStream(t, "web", "8080"), networks+"/10-pods.conflist"
		former := hold(t, plugins+"/vethbridge", plugins+"/natport", conflist)
		newer := strings.Replace(set.conflist, `"bridge": "cni0",`, `"bridge": "cni0", "logLevel": "warn",`, 1)
		write(t, configMap+"/10-pods.conflist", newer)
		place(t, "vethbridge", set.pod(t, "localhost/vethbridge:2"))
		within(t, patience, "executables and conflist are replaced", func() (string, bool) {
			talk.goesOn(t)
			is, err := os.ReadFile(conflist)
			return fmt.Sprint(string(is), err), string(is) == newer && second.installed(t)
		})
		former.intact(t)
		place(t, "db", strings.NewReplacer("name: web", "name: db", "serve, web", "serve, db", "hostPort: 8080", "hostPort: 8081").Replace(staticPod))
		db := n.sandboxBeside("", "db")
		n.answersAll(db, "db", "8081")
		n.answersAll(web, "web", "8080")
		talk.goesOn(t)
		n.passed(t, add, "a newer DaemonSet replaces executables and conflist as a whole, and connections of pods go on")
		n.withdraw("web", "db")
		n.same(before)
	})
}
