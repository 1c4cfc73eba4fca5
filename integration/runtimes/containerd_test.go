package runtimes

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const socket = "/run/containerd/containerd.sock"

// newContainerd configures containerd with our plugins and the conflist in the place where it
// looks for them. What it returns starts the daemon, the first time or again.
func newContainerd(t *testing.T, r release, conflist string) (start func() *exec.Cmd) {
	t.Helper()
	r.use(t)
	for _, dir := range []string{"/opt/cni/bin", "/run/containerd"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "mount", "--bind", bin, "/opt/cni/bin")
	write(t, "/etc/cni/net.d/10-pods.conflist", conflist)
	config := write(t, "/run/containerd.toml", `
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]
[grpc]
  address = "`+socket+`"
`)
	return func() *exec.Cmd {
		t.Helper()
		daemon := background(t, "containerd", "--config", config, "--log-level", "error")
		eventually(t, "containerd answers", func() (string, bool) {
			out, err := try("ctr", "version")
			return out, err == nil
		})
		return daemon
	}
}

// pods is the sample conflist for pods, with static ports: ctr has no option for them.
func pods(t *testing.T) string {
	t.Helper()
	ports := `"capabilities": { "portMappings": true },
      "runtimeConfig": { "portMappings": [{ "hostPort": 8080, "containerPort": 80, "protocol": "tcp" }] }`
	return strings.Replace(samplePods(t), `"capabilities": { "portMappings": true }`, ports, 1)
}

// ctrWords run a container whose server has its name.
func ctrWords(name string) []string {
	return []string{"ctr", "run", "--rm", "--cni", "--cgroup", os.Getenv(cgroup) + "/" + name, "--rootfs", "/run/rootfs", name, "/bin/probe", "serve", name, "80"}
}

// ctrStart runs a container in the foreground of a process of its own.
func ctrStart(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	words := ctrWords(name)
	cmd := exec.Command(words[0], words[1:]...)
	said := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// ctrRun is ctrStart for a container that ends by itself; its process calls DEL then.
func ctrRun(t *testing.T, name string) (ended func()) {
	t.Helper()
	cmd := ctrStart(t, name)
	return func() {
		t.Helper()
		run(t, "ctr", "task", "kill", "-s", "SIGKILL", name)
		_ = cmd.Wait()
		if said := fmt.Sprint(cmd.Stdout); strings.Contains(said, "cni") {
			t.Errorf("ctr says %s", said)
		}
	}
}

func TestContainerdRunsContainersOnOurNetwork(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		rootfs(t)
		newContainerd(t, r, pods(t))()
		s := r.subject(t, "ctr")
		run(t, bin+"/vethbridge", "ls")
		before := podState(t)
		ended := ctrRun(t, "web")
		exec := []string{"ctr", "task", "exec", "--exec-id", "ask", "web"}
		answers(t, "web", fromLAN("tcp", "8080")...)
		reachesOut(t, exec...)
		s.passed(t, add, reaches)
		reachable(t, "web", "8080", exec...)
		s.passed(t, add, port)
		ended()
		after := podState(t)
		if after != before {
			t.Errorf("was\n%s\nleft:\n%s", before, after)
		}
		s.passed(t, del, nothingLeft)
	})
}

// TestAContainerWhoseCtrIsKilledGivesWay: no DEL ever comes for it.
func TestAContainerWhoseCtrIsKilledGivesWay(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		rootfs(t)
		newContainerd(t, r, pods(t))()
		web := ctrStart(t, "web")
		answers(t, "web", fromLAN("tcp", "8080")...)
		if err := web.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = web.Wait()
		answers(t, "web", fromLAN("tcp", "8080")...)
		run(t, "ctr", "task", "kill", "-s", "SIGKILL", "web")
		eventually(t, "web is dead", func() (string, bool) {
			out, err := try("ctr", "task", "delete", "web")
			return out, err == nil
		})
		// The kernel takes its time for a namespace that nobody has any more, and its link may be somebody's till then.
		eventually(t, "web's link is gone", func() (string, bool) {
			left := run(t, "ip", "-br", "link", "show", "master", "cni0")
			return left, left == ""
		})
		ended := ctrRun(t, "heir")
		answers(t, "heir", fromLAN("tcp", "8080")...)
		r.subject(t, "ctr").passed(t, add, sandboxDies)
		ended()
	})
}
