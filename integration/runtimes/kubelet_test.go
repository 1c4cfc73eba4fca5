//go:build kubernetes

package runtimes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var kubernetes = subject{"kubelet", "kubelet 1.34.2, containerd 2.4"}

// manifests is where the kubelet looks for static pods.
const manifests = "/run/manifests"

// kubeletConfig is for a kubelet without an API server, in a private machine.
const kubeletConfig = `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
staticPodPath: ` + manifests + `
podLogsDir: /run/podlogs
volumePluginDir: /run/volumeplugins
containerRuntimeEndpoint: unix://` + socket + `
podCIDR: 10.244.3.0/24,fd44:0:0:3::/64
fileCheckFrequency: 500ms
syncFrequency: 1s
cgroupDriver: cgroupfs
cgroupsPerQOS: false
cgroupRoot: CGROUP
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
localStorageCapacityIsolation: false
makeIPTablesUtilChains: false
address: 127.0.0.1
healthzPort: 0
readOnlyPort: 0
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
evictionHard: { memory.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, imagefs.inodesFree: 0% }
imageGCHighThresholdPercent: 100
`

// staticPod is a server of its name on port 80, which host port 8080 leads to.
const staticPod = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: default }
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 1
  containers:
  - name: web
    image: ` + image + `
    imagePullPolicy: Never
    command: [/bin/probe, serve, web, "80"]
    ports: [{ containerPort: 80, hostPort: 8080 }]
`

// newKubelet starts containerd with the template of a conflist, and a kubelet that tells it the
// ranges of the node's pods.
func newKubelet(t *testing.T) *node {
	t.Helper()
	if err := os.MkdirAll("/var/lib/kubelet", 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "mount", "-t", "tmpfs", "tmpfs", "/var/lib/kubelet")
	run(t, "mount", "-t", "tmpfs", "tmpfs", "/var/log")
	run(t, "mount", "--make-rshared", "/")
	for _, dir := range []string{manifests, "/run/podlogs"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := releases()[1]
	t.Setenv("CONTAINER_RUNTIME_ENDPOINT", "unix://"+socket)
	t.Setenv("IMAGE_SERVICE_ENDPOINT", "unix://"+socket)
	r.use(t)
	const dir = `conf_dir = "` + networks + `"`
	text := strings.Replace(r.config(t, runc), dir, dir+"\n  conf_template = \""+conf+"/kubernetes/conflist.template\"", 1)
	n := &node{t: t, containerd: []string{"containerd", "--config", write(t, "/run/containerd.toml", text), "--log-level", "error"}, subject: kubernetes}
	n.daemon = background(t, n.containerd...)
	n.network("false")
	run(t, "ctr", "-n", "k8s.io", "images", "import", imageArchive(t))
	config := write(t, "/run/kubelet.yaml", strings.Replace(kubeletConfig, "CGROUP", os.Getenv(cgroup), 1))
	background(t, filepath.Join(bin, "kubelet"), "--config", config, "--root-dir", "/var/lib/kubelet", "--v", "2",
		"--hostname-override", "node", "--maximum-dead-containers-per-container", "0", "--cert-dir", "/run/kubelet-certs")
	n.network("true")
	return n
}

// sandbox waits for the pod's sandbox other than another one, and returns its ID.
func (n *node) sandboxBeside(other string) (id string) {
	n.t.Helper()
	within(n.t, time.Minute, "the kubelet starts the pod", func() (string, bool) {
		for _, id = range strings.Fields(n.do("pods", "-q", "--state", "ready", "--name", "web")) {
			if id != other && n.do("ps", "-q", "--state", "running", "--pod", id) != "" {
				return id, true
			}
		}
		return "", false
	})
	return id
}

// TestAStaticPodOfAKubeletComesIsRestartedAndGoes is about the order of a kubelet: when pause is
// killed, the new sandbox of the pod comes with the same host port, and later the last DEL of the
// old one.
func TestAStaticPodOfAKubeletComesIsRestartedAndGoes(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newKubelet(t)
		n.passed(t, status, "the network is ready as soon as the kubelet says the node's pod ranges")
		before := podState(t)
		manifest := manifests + "/web.yaml"
		if err := os.Rename(write(t, "/run/web.yaml", staticPod), manifest); err != nil { // as a whole
			t.Fatal(err)
		}
		first := n.sandboxBeside("")
		n.answersAll(first)
		n.passed(t, add, "a static pod has addresses of the node's pod ranges, and its hostPort answers")
		kill(t, n.do("inspectp", "-o", "go-template", "--template", "{{.info.pid}}", first))
		second := n.sandboxBeside(first)
		n.answersAll(second)
		n.passed(t, add, sandboxDies)
		within(t, 3*time.Minute, "the kubelet removes the old sandbox", func() (string, bool) {
			left := n.do("pods", "-q", "--no-trunc")
			return left, !strings.Contains(left, first)
		})
		n.answersAll(second)
		n.passed(t, del, lateDel)
		if err := os.Remove(manifest); err != nil {
			t.Fatal(err)
		}
		within(t, time.Minute, "the pod is gone", func() (string, bool) {
			left := n.do("pods", "-q", "--state", "ready")
			return left, left == ""
		})
		time.Sleep(time.Second) // DEL is over when the sandbox is not ready, but for the cache of libcni
		n.same(before)
		n.passed(t, del, nothingLeft)
	})
}

// answersAll wants the pod to answer the LAN, localhost and itself, and to have an address of
// each range.
func (n *node) answersAll(sandbox string) {
	n.t.Helper()
	addresses := n.do("inspectp", "-o", "go-template", "--template", "{{.status.network.ip}}{{range .status.network.additionalIps}} {{.ip}}{{end}}", sandbox)
	if !strings.HasPrefix(addresses, "10.244.3.") || !strings.Contains(addresses, " fd44:0:0:3::") {
		n.t.Errorf("the pod has the addresses %s", addresses)
	}
	container := n.do("ps", "-q", "--state", "running", "--pod", sandbox)
	reachable(n.t, "web", "8080", filepath.Join(bin, "crictl"), "exec", "-s", container)
}
