package runtimes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var kubernetes = subject{"kubelet", "kubelet 1.34.2, containerd 2.4"}

// manifests is where the kubelet looks for static pods.
const manifests = "/run/manifests"

// patience is how long a kubelet may take for one thing.
const patience = 3 * time.Minute

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

// newKubelet starts a kubelet, and a containerd whose configuration is as the documentation has it, but
// for what edit changes. The kubelet tells it the ranges of the node's pods.
func newKubelet(t *testing.T, edit func(config string) string) *node {
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
	text := edit(r.config(t, runc))
	n := &node{t: t, containerd: []string{"containerd", "--config", write(t, "/run/containerd.toml", text), "--log-level", "error"}, subject: kubernetes}
	n.daemon = background(t, n.containerd...)
	n.network("false")
	n.load(imageArchive(t))
	config := write(t, "/run/kubelet.yaml", strings.Replace(kubeletConfig, "CGROUP", os.Getenv(cgroup), 1))
	background(t, filepath.Join(bin, "kubelet"), "--config", config, "--root-dir", "/var/lib/kubelet", "--v", "2",
		"--hostname-override", "node", "--node-ip", hostAddress, "--maximum-dead-containers-per-container", "0", "--cert-dir", "/run/kubelet-certs")
	return n
}

// byTemplate has containerd make a conflist of the node's pod ranges.
func byTemplate(config string) string {
	const dir = `conf_dir = "` + networks + `"`
	return strings.Replace(config, dir, dir+"\n  conf_template = \""+conf+"/kubernetes/conflist.template\"", 1)
}

// load takes images out of an archive.
func (n *node) load(archive string) {
	n.t.Helper()
	run(n.t, "ctr", "-n", "k8s.io", "images", "import", archive)
}

// place gives the kubelet the manifest of a static pod, as a whole.
func place(t *testing.T, name, manifest string) {
	t.Helper()
	if err := os.Rename(write(t, "/run/"+name+".yaml", manifest), manifests+"/"+name+".yaml"); err != nil {
		t.Fatal(err)
	}
}

// withdraw takes the manifests of the last static pods away, and waits until they are gone.
func (n *node) withdraw(names ...string) {
	n.t.Helper()
	for _, name := range names {
		if err := os.Remove(manifests + "/" + name + ".yaml"); err != nil {
			n.t.Fatal(err)
		}
	}
	for _, name := range names {
		within(n.t, patience, name+" is gone", func() (string, bool) {
			left := n.do("pods", "-q", "--state", "ready", "--name", name)
			return left, left == ""
		})
	}
	// DEL is over when the sandbox is not ready, but for the cache of libcni.
	within(n.t, patience, "libcni forgets them", func() (string, bool) {
		cached, err := filepath.Glob("/var/lib/cni/results/*")
		return fmt.Sprint(cached, err), err == nil && len(cached) == 0
	})
}

// sandboxBeside waits for a sandbox of the pod other than another one, and returns its ID.
func (n *node) sandboxBeside(other, name string) (id string) {
	n.t.Helper()
	within(n.t, patience, "the kubelet starts "+name, func() (string, bool) {
		for _, id = range strings.Fields(n.do("pods", "-q", "--state", "ready", "--name", name)) {
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
		n := newKubelet(t, byTemplate)
		n.network("true")
		n.passed(t, status, "the network is ready as soon as the kubelet says the node's pod ranges")
		before := podState(t)
		place(t, "web", staticPod)
		first := n.sandboxBeside("", "web")
		n.answersAll(first, "web", "8080")
		n.passed(t, add, "a static pod has addresses of the node's pod ranges, and its hostPort answers")
		kill(t, n.do("inspectp", "-o", "go-template", "--template", "{{.info.pid}}", first))
		second := n.sandboxBeside(first, "web")
		n.answersAll(second, "web", "8080")
		n.passed(t, add, sandboxDies)
		within(t, patience, "the kubelet removes the old sandbox", func() (string, bool) {
			left := n.do("pods", "-q", "--no-trunc")
			return left, !strings.Contains(left, first)
		})
		n.answersAll(second, "web", "8080")
		n.passed(t, del, lateDel)
		n.withdraw("web")
		n.same(before)
		n.passed(t, del, nothingLeft)
	})
}

// answersAll wants the pod to answer the LAN, localhost and itself by its hostPort, and to have an
// address of each range.
func (n *node) answersAll(sandbox, name, hostPort string) {
	n.t.Helper()
	addresses := n.do("inspectp", "-o", "go-template", "--template", "{{.status.network.ip}}{{range .status.network.additionalIps}} {{.ip}}{{end}}", sandbox)
	if !strings.HasPrefix(addresses, "10.244.3.") || !strings.Contains(addresses, " fd44:0:0:3::") {
		n.t.Errorf("the pod has the addresses %s", addresses)
	}
	container := n.do("ps", "-q", "--state", "running", "--pod", sandbox)
	reachable(n.t, name, hostPort, filepath.Join(bin, "crictl"), "exec", "-s", container)
}
