package runtimes

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// criConfig is containerd's configuration for pods with our plugins.
const criConfig = `
version = 2
[grpc]
  address = "` + socket + `"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "` + image + `"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "BIN"
    conf_dir = "/etc/cni/net.d"
` + handler

// handler is a way of running pods, by default on the networks of conf_dir.
const handler = `
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    cni_conf_dir = ""
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`

// handlerOf is a handler for pods on the network of the conflist.
func handlerOf(t *testing.T, name, conflist string) string {
	t.Helper()
	dir := "/etc/cni/" + name
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/10.conflist", conflist)
	return strings.NewReplacer("runtimes.runc", "runtimes."+name, `cni_conf_dir = ""`, `cni_conf_dir = "`+dir+`"`).Replace(handler)
}

// node is a host whose containerd runs pods.
type node struct {
	t          *testing.T
	containerd []string // the command
	daemon     *exec.Cmd
}

// newNode starts containerd with the sample conflist for pods, and with more handlers.
func newNode(t *testing.T, handlers ...string) *node {
	t.Helper()
	run(t, "cp", conf+"/kubernetes.conflist", "/etc/cni/net.d/10-pods.conflist")
	t.Setenv("CONTAINER_RUNTIME_ENDPOINT", "unix://"+socket)
	t.Setenv("IMAGE_SERVICE_ENDPOINT", "unix://"+socket)
	config := write(t, "/run/containerd.toml", strings.ReplaceAll(criConfig, "BIN", bin)+strings.Join(handlers, ""))
	n := &node{t: t, containerd: []string{"containerd", "--config", config, "--log-level", "error"}}
	n.start()
	run(t, "ctr", "-n", "k8s.io", "images", "import", imageArchive(t))
	return n
}

// start starts containerd, for the first time or again, and waits until it can run pods.
func (n *node) start() {
	n.t.Helper()
	n.daemon = background(n.t, n.containerd...)
	eventually(n.t, "containerd is ready for pods", func() (string, bool) {
		out, err := crictl("info", "-o", "go-template", "--template", "{{range .status.conditions}}{{.status}} {{end}}")
		return out, err == nil && strings.TrimSpace(out) == "true true"
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

// crictl asks containerd as a kubelet does.
func crictl(words ...string) (string, error) {
	return try(append([]string{filepath.Join(bin, "crictl"), "--timeout", "60s"}, words...)...)
}

// do is crictl that must succeed; it returns what crictl says, which is often an ID.
func (n *node) do(words ...string) string {
	n.t.Helper()
	out, err := crictl(words...)
	if err != nil {
		n.t.Fatalf("crictl %s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// portMapping is what CRI says about a hostPort.
type portMapping struct {
	HostPort      int `json:"host_port"`
	ContainerPort int `json:"container_port"`
	Protocol      int `json:"protocol"`
}

// podConfig writes what a pod is, for crictl.
func podConfig(t *testing.T, name string, options map[string]any) string {
	t.Helper()
	pod := map[string]any{
		"metadata":      map[string]any{"name": name, "namespace": "default", "uid": name},
		"hostname":      name,
		"log_directory": "/run/logs/" + name,
		"linux":         map[string]any{},
	}
	for key, value := range options {
		pod[key] = value
	}
	return writeJSON(t, "/run/"+name+".pod.json", pod)
}

// published are the options of a pod with a hostPort.
func published(ports ...portMapping) map[string]any { return map[string]any{"port_mappings": ports} }

func writeJSON(t *testing.T, path string, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, path, string(text))
}

// pod is a running pod whose container is a server of the pod's name on port 80.
type pod struct {
	name, sandbox, container string
	n                        *node
}

// same wants the machine to be as before the pods.
func (n *node) same(before string) {
	n.t.Helper()
	if after := podState(n.t); after != before {
		n.t.Errorf("left:\n%s\nbefore:\n%s", after, before)
	}
}

// serve runs a pod.
func (n *node) serve(name string, ports ...portMapping) pod {
	n.t.Helper()
	config := podConfig(n.t, name, published(ports...))
	container := writeJSON(n.t, "/run/"+name+".container.json", map[string]any{
		"metadata": map[string]any{"name": name},
		"image":    map[string]any{"image": image},
		"command":  []string{"/bin/probe", "serve", name, "80"},
		"log_path": "server.log",
		"linux":    map[string]any{},
	})
	p := pod{name: name, sandbox: n.do("runp", config), n: n}
	p.container = n.do("create", p.sandbox, container, config)
	n.do("start", p.container)
	return p
}

// in starts a program in the pod's container.
func (p pod) in(words ...string) []string {
	return append([]string{filepath.Join(bin, "crictl"), "exec", "-s", p.container}, words...)
}

// address is the pod's address as CRI says it.
func (p pod) address() string {
	p.n.t.Helper()
	return p.n.do("inspectp", "-o", "go-template", "--template", "{{.status.network.ip}}", p.sandbox)
}

// remove ends the pod as a kubelet does: DEL comes twice.
func (p pod) remove() {
	p.n.t.Helper()
	p.n.do("stopp", p.sandbox)
	p.n.do("rmp", p.sandbox)
}

// volatile are the elements that nft(8) counts packets by, which go by themselves, counters and
// clocks.
var volatile = regexp.MustCompile(`counter packets \d+ bytes \d+|\s+elements = \{[^}]* limit rate [^}]*\}|"age": "[^"]*"`)

// podState is what pods leave on a machine, apart from the bridge, which stays for the next.
func podState(t *testing.T) string {
	t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(volatile.ReplaceAllString(state(t), "")) {
		if !strings.HasPrefix(line, "cni0 ") {
			kept.WriteString(line)
		}
	}
	cached, err := filepath.Glob("/var/lib/cni/*/*")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(kept.String(), run(t, "ip", "netns"), cached)
}
