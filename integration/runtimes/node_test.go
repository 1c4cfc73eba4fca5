package runtimes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// release is a containerd that runs pods.
type release struct {
	name string
	// dir has its executables where they are not Debian's.
	dir string
	// more is what its configuration needs on this machine, plugin the part that handlers
	// belong to.
	more, plugin string
}

// releases are the containerd of Debian 12, and one that asks for STATUS and speaks CNI 1.1.0.
func releases() []release {
	return []release{
		{"1.6.20", "", `
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "` + image + `"
  restrict_oom_score_adj = true
`, "io.containerd.grpc.v1.cri"},
		{"2.4.2", filepath.Join(bin, "containerd2"), `
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "` + image + `"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
`, "io.containerd.cri.v1.runtime"},
	}
}

// use has the release's programs found by their names: the shim's version must fit.
func (r release) use(t *testing.T) {
	t.Helper()
	if r.dir != "" {
		t.Setenv("PATH", r.dir+":"+os.Getenv("PATH"))
	}
}

// subject is the release as the table of conformance names it, driven by a program.
func (r release) subject(t *testing.T, by string) subject {
	t.Helper()
	version := strings.Fields(run(t, "containerd", "--version"))[2]
	if r.dir != "" {
		version = r.name // built without a stamp
	}
	return subject{"containerd " + r.name[:1] + ", " + by, "containerd " + version}
}

// documented finds the configurations in the documentation.
var documented = regexp.MustCompile("(?s)```toml\n(.*?)```")

// config is the configuration that the documentation has for the release, for this machine.
func (r release) config(t *testing.T, handlers ...handler) string {
	t.Helper()
	page, err := os.ReadFile(docs + "/containerd.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range documented.FindAllStringSubmatch(string(page), -1) {
		if text := found[1]; strings.Contains(text, r.plugin) {
			text = strings.Replace(text, "/opt/cni/bin", bin, 1) + r.more
			for _, h := range handlers {
				text += h.config(r.plugin)
			}
			return text
		}
	}
	t.Fatalf("the documentation has no configuration for containerd %s", r.name)
	return ""
}

// networks is where containerd looks for conflists.
const networks = "/etc/cni/net.d"

// handler is a way of running pods; dir has conflists of its own, if any.
type handler struct{ name, dir string }

// runc is the usual handler.
var runc = handler{name: "runc"}

func (h handler) config(plugin string) string {
	return strings.NewReplacer("PLUGIN", plugin, "NAME", h.name, "DIR", h.dir).Replace(`
[plugins."PLUGIN".containerd.runtimes.NAME]
  runtime_type = "io.containerd.runc.v2"
  cni_conf_dir = "DIR"
  [plugins."PLUGIN".containerd.runtimes.NAME.options]
    SystemdCgroup = false
`)
}

// newHandler is a handler for pods on the network of the conflist.
func newHandler(t *testing.T, name, conflist string) handler {
	t.Helper()
	h := handler{name, "/etc/cni/" + name}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, h.dir+"/10.conflist", conflist)
	return h
}

// onNodes runs the test on a machine with each release of containerd.
func onNodes(t *testing.T, test func(*testing.T, release)) {
	t.Helper()
	for _, r := range releases() {
		t.Run("containerd-"+r.name, func(t *testing.T) {
			onMachine(t, func(t *testing.T) { test(t, r) })
		})
	}
}

// samplePods is the sample conflist for pods.
func samplePods(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(conf + "/kubernetes.conflist")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// node is a host whose containerd runs pods.
type node struct {
	t          *testing.T
	containerd []string // the command
	daemon     *exec.Cmd
	subject
}

// newNode starts containerd with the conflist for pods, and with more handlers.
func newNode(t *testing.T, r release, conflist string, handlers ...handler) *node {
	t.Helper()
	write(t, networks+"/10-pods.conflist", conflist)
	t.Setenv("CONTAINER_RUNTIME_ENDPOINT", "unix://"+socket)
	t.Setenv("IMAGE_SERVICE_ENDPOINT", "unix://"+socket)
	r.use(t)
	config := write(t, "/run/containerd.toml", r.config(t, append(handlers, runc)...))
	n := &node{t: t, subject: r.subject(t, "CRI"), containerd: []string{"containerd", "--config", config, "--log-level", "error"}}
	n.start()
	run(t, "ctr", "-n", "k8s.io", "images", "import", imageArchive(t))
	return n
}

// start starts containerd, for the first time or again, and waits until it can run pods.
func (n *node) start() {
	n.t.Helper()
	n.daemon = background(n.t, n.containerd...)
	n.network("true")
}

// network waits until containerd says this about its network.
func (n *node) network(want string) {
	n.t.Helper()
	const network = `{{range .status.conditions}}{{if eq .type "NetworkReady"}}{{.status}} {{.message}}{{end}}{{end}}`
	eventually(n.t, "the network's state is "+want, func() (string, bool) {
		out, err := crictl("info", "-o", "go-template", "--template", network)
		return out, err == nil && strings.Contains(out, want)
	})
}

// kill ends containerd at once; the pods go on.
func (n *node) kill() {
	n.t.Helper()
	if err := n.daemon.Process.Kill(); err != nil {
		n.t.Fatal(err)
	}
	_ = n.daemon.Wait()
}

// same wants the machine to be as before the pods.
func (n *node) same(before string) {
	n.t.Helper()
	if after := podState(n.t); after != before {
		n.t.Errorf("left:\n%s\nbefore:\n%s", after, before)
	}
}

// podState is what pods leave on a machine, apart from the bridge, which stays for the next.
func podState(t *testing.T) string {
	t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(state(t)) {
		if !strings.HasPrefix(line, "cni0 ") {
			kept.WriteString(line)
		}
	}
	cached, err := filepath.Glob("/var/lib/cni/results/*")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(kept.String(), run(t, "ip", "netns"), cached)
}
