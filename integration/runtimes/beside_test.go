package runtimes

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// docker is docker of the newer Debian, on the machine of podman 5.
type docker struct {
	t     *testing.T
	enter []string
}

func newDocker(t *testing.T, enter []string) docker {
	t.Helper()
	background(t, append(slices.Clone(enter), "dockerd", "--data-root", "/var/lib/docker", "--exec-root", "/run/docker", "--storage-driver", "vfs",
		"--cgroup-parent", os.Getenv(cgroup), "--host", "unix:///run/docker.sock", "--log-level", "error")...)
	d := docker{t, append(slices.Clone(enter), "docker", "--host", "unix:///run/docker.sock")}
	eventually(t, "docker answers", func() (string, bool) {
		out, err := try(append(slices.Clone(d.enter), "version")...)
		return out, err == nil
	})
	d.do("import", "/run/rootfs.tar", "probe")
	return d
}

func (d docker) do(words ...string) string {
	d.t.Helper()
	return run(d.t, append(slices.Clone(d.enter), words...)...)
}

// oursComesAndGoes has a container of ours come, and go. Those who were there before answer all the
// while, and find links and rules as they were.
func oursComesAndGoes(t *testing.T, p podman5, others map[string]string, meanwhile func()) {
	t.Helper()
	answer := func() {
		t.Helper()
		for name, port := range others {
			answers(t, name, fromLAN("tcp", port)...)
		}
	}
	answer()
	p.serve("web", "--network", "front", "-p", "8080:80")
	answer()
	meanwhile()
	answer()
	reachable(t, "web", "8080", p.in("web")...)
	reachesOut(t, p.in("web")...)
	p.do("rm", "-f", "-t", "0", "web")
	answer()
}

// undisturbedBy runs oursComesAndGoes twice: with the operator at work, and with the others
// starting anew, which changes rules of their own.
func undisturbedBy(t *testing.T, p podman5, others map[string]string, restart func()) {
	t.Helper()
	before := state(t)
	oursComesAndGoes(t, p, others, func() {
		run(t, bin+"/vethbridge", "repair")
		run(t, bin+"/vethbridge", "gc")
	})
	unchanged(t, before)
	oursComesAndGoes(t, p, others, restart)
}

// TestDockerIsUndisturbed also shows that docker, which drops what is forwarded for others, does
// not disturb us.
func TestDockerIsUndisturbed(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		d := newDocker(t, p.enter)
		d.do("run", "-d", "--name", "theirs", "-p", "7001:80", "probe", "/bin/probe", "serve", "theirs", "80")
		undisturbedBy(t, p, map[string]string{"theirs": "7001"}, func() { d.do("restart", "-t", "0", "theirs") })
		said := d.do("version", "--format", "docker {{.Server.Version}}")
		subject{"docker", strings.TrimSpace(said)}.passed(t, "beside", undisturbed)
	})
}

// TestAPortThatDockerPublishesIsRefused is about a runtime that holds no port by itself, and that
// sees docker's by the process that listens.
func TestAPortThatDockerPublishesIsRefused(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		d := newDocker(t, p.enter)
		d.do("run", "-d", "--name", "theirs", "-p", "8080:80", "probe", "/bin/probe", "serve", "theirs", "80")
		newContainerd(t, releases()[0], pods(t))()
		out, err := try(ctrWords("late")...)
		if err == nil || !strings.Contains(out, "docker-proxy") {
			t.Errorf("ctr: %v: %s", err, out)
		}
		answers(t, "theirs", fromLAN("tcp", "8080")...)
		releases()[0].subject(t, "ctr").passed(t, add, "a port of docker is refused, and docker's process named")
	})
}

// TestNetavarkAndTheReferencePluginsAreUndisturbed has both backends of the reference plugins.
func TestNetavarkAndTheReferencePluginsAreUndisturbed(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		p.do("network", "create", "--disable-dns", "--subnet", "10.91.0.0/24", "theirs")
		p.serve("netavark", "--network", "theirs", "-p", "7001:80")
		byReference(t, "iptables", "10.92.0.0/24", "7002")
		byReference(t, "nftables", "10.93.0.0/24", "7003")
		undisturbedBy(t, p, map[string]string{"netavark": "7001", "iptables": "7002", "nftables": "7003"}, func() {
			p.do("restart", "-t", "0", "netavark")
		})
		p.subject().passed(t, "beside", "netavark's own networks and the reference plugins are undisturbed, and disturb nobody")
	})
}

// byReference has the reference plugins publish a port of a server that is named after their backend.
func byReference(t *testing.T, backend, subnet, port string) {
	t.Helper()
	write(t, networks+"/"+backend+".conflist", reference("ref-"+backend, subnet, backend))
	run(t, "ip", "netns", "add", backend)
	t.Setenv("CNI_PATH", bin)
	t.Setenv("CAP_ARGS", `{"portMappings": [{"hostPort": `+port+`, "containerPort": 80, "protocol": "tcp"}]}`)
	run(t, bin+"/cnitool", "add", "ref-"+backend, "/run/netns/"+backend)
	background(t, "ip", "netns", "exec", backend, probe(), "serve", backend, "80")
}

// TestAPortOfOneRuntimeIsRefusedToTheOther is about containerd and podman on one host, each first.
func TestAPortOfOneRuntimeIsRefusedToTheOther(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		r := releases()[0]
		newContainerd(t, r, pods(t))()
		ended := ctrRun(t, "web")
		answers(t, "web", fromLAN("tcp", "8080")...)
		late := append(p.start(), "--name", "late", "--network", "front", "-p", "8080:80", "probe", "/bin/probe", "serve", "late", "80")
		if out, err := try(p.words(late...)...); err == nil || !strings.Contains(out, "is held by pods/") {
			t.Errorf("podman: %v: %s", err, out)
		}
		p.subject().passed(t, add, sharedPort)
		answers(t, "web", fromLAN("tcp", "8080")...)
		ended()
		p.do("start", "late")
		answers(t, "late", fromLAN("tcp", "8080")...)
		out, err := try(ctrWords("web")...)
		if err == nil || !strings.Contains(out, "is held by front/") {
			t.Errorf("ctr: %v: %s", err, out)
		}
		answers(t, "late", fromLAN("tcp", "8080")...)
		r.subject(t, "ctr").passed(t, add, sharedPort)
	})
}
