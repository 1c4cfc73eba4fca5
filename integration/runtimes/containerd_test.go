package runtimes

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const socket = "/run/containerd/containerd.sock"

// startContainerd starts containerd with our plugins and the conflist in the place where it
// looks for them.
func startContainerd(t *testing.T, conflist string) {
	t.Helper()
	for _, dir := range []string{"/opt/cni/bin", "/run/containerd"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "mount", "--bind", bin, "/opt/cni/bin")
	write(t, "/etc/cni/net.d/10-pods.conflist", conflist)
	config := write(t, "/run/containerd.toml", `
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "`+socket+`"
`)
	background(t, "containerd", "--config", config, "--log-level", "error")
	eventually(t, "containerd answers", func() (string, bool) {
		out, err := try("ctr", "version")
		return out, err == nil
	})
}

// pods is the sample conflist for pods, with static ports: ctr has no option for them.
func pods(t *testing.T) string {
	t.Helper()
	ports := `"capabilities": { "portMappings": true },
      "runtimeConfig": { "portMappings": [{ "hostPort": 8080, "containerPort": 80, "protocol": "tcp" }] }`
	return strings.Replace(samplePods(t), `"capabilities": { "portMappings": true }`, ports, 1)
}

// ctrRun runs a container in the foreground of a process of its own, which calls DEL when the
// container ends.
func ctrRun(t *testing.T, name string) (ended func()) {
	t.Helper()
	cmd := exec.Command("ctr", "run", "--rm", "--cni", "--rootfs", "/run/rootfs", name, "/bin/probe", "serve", name, "80")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		run(t, "ctr", "task", "kill", "-s", "SIGKILL", name)
		_ = cmd.Wait()
		if strings.Contains(said.String(), "cni") {
			t.Errorf("ctr says %s", said.String())
		}
	}
}

func TestContainerdRunsContainersOnOurNetwork(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		rootfs(t)
		startContainerd(t, pods(t))
		run(t, bin+"/vethbridge", "ls")
		before := run(t, "nft", "list", "ruleset") + run(t, bin+"/vethbridge", "ls", "--json")
		ended := ctrRun(t, "web")
		exec := []string{"ctr", "task", "exec", "--exec-id", "ask", "web"}
		answers(t, "web", fromLAN("tcp", "8080")...)
		answers(t, "web", probe(), "ask", "tcp", "127.0.0.1:8080")
		reachesOut(t, exec...)
		answers(t, "web", append(exec, "/bin/probe", "ask", "tcp", hostAddress+":8080")...)
		ended()
		if after := run(t, "nft", "list", "ruleset") + run(t, bin+"/vethbridge", "ls", "--json"); after != before {
			t.Errorf("left:\n%s", after)
		}
	})
}

// TestAPortOfOneRuntimeIsRefusedToTheOther is about containerd and podman on one host.
func TestAPortOfOneRuntimeIsRefusedToTheOther(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman(t)
		run(t, "cp", "/etc/cni/net.d/87-podman.conflist", "/run")
		startContainerd(t, pods(t))
		ended := ctrRun(t, "web")
		answers(t, "web", fromLAN("tcp", "8080")...)
		out, err := try(p.words("run", "-d", "--name", "late", "-p", "8080:80", "probe", "/bin/probe", "serve", "late", "80")...)
		if err == nil || !strings.Contains(out, "is held by pods/") {
			t.Errorf("podman: %v: %s", err, out)
		}
		answers(t, "web", fromLAN("tcp", "8080")...)
		ended()
	})
}
