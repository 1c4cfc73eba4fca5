package runtimes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
	HostPort      int    `json:"host_port"`
	ContainerPort int    `json:"container_port"`
	Protocol      int    `json:"protocol"` // 0 is tcp, 1 udp
	HostIP        string `json:"host_ip,omitempty"`
}

// podConfig writes what a pod is, for crictl.
func podConfig(t *testing.T, name string, options map[string]any) string {
	t.Helper()
	pod := map[string]any{
		"metadata":      map[string]any{"name": name, "namespace": "default", "uid": name},
		"hostname":      name,
		"log_directory": "/run/logs/" + name,
		"linux":         map[string]any{"cgroup_parent": os.Getenv(cgroup)},
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
