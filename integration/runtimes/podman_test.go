package runtimes

import (
	"os"
	"strings"
	"testing"
)

// podman is podman on a private machine, with the sample conflist as its default network.
type podman struct{ t *testing.T }

func newPodman(t *testing.T) podman {
	t.Helper()
	run(t, "cp", conf+"/podman.conflist", "/etc/cni/net.d/87-podman.conflist")
	config := write(t, "/run/containers.conf", `
[network]
network_backend = "cni"
cni_plugin_dirs = ["`+bin+`"]
network_config_dir = "/etc/cni/net.d"
default_network = "podman"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`)
	t.Setenv("CONTAINERS_CONF", config)
	p := podman{t}
	run(t, "tar", "-C", rootfs(t), "-cf", "/run/rootfs.tar", ".")
	p.do("import", "-q", "/run/rootfs.tar", "probe")
	return p
}

func (p podman) words(words ...string) []string {
	return append([]string{"podman", "--storage-driver", "vfs"}, words...)
}

func (p podman) do(words ...string) string {
	p.t.Helper()
	return run(p.t, p.words(words...)...)
}

// in starts a program in a container.
func (p podman) in(container string) []string { return p.words("exec", container) }

// serve runs a container with a server of its name on port 80.
func (p podman) serve(name string, options ...string) {
	p.t.Helper()
	p.do(append(append([]string{"run", "-d", "--name", name}, options...), "probe", "/bin/probe", "serve", name, "80")...)
}

func TestPodmanRunsContainersOnOurNetwork(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman(t)
		before := state(t)
		p.serve("web", "-p", "8080:80", "-p", "8081:80/udp")
		p.serve("db", "--ip", "10.88.0.77", "--mac-address", "02:11:22:33:44:55")
		reachable(t, "web", "8080", p.in("db")...)
		reachable(t, "web", "8080", p.in("web")...)
		answers(t, "web", fromLAN("udp", "8081")...)
		reachesOut(t, p.in("web")...)
		answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
		answers(t, "web", append(p.in("db"), "/bin/probe", "ask", "tcp", "10.88.0.2:80")...)
		if links := p.do("exec", "db", "ip", "address", "show", "eth0"); !strings.Contains(links, "02:11:22:33:44:55") {
			t.Errorf("db has\n%s", links)
		}
		p.do("stop", "-t", "0", "web")
		silent(t, fromLAN("tcp", "8080")...)
		p.do("start", "web")
		reachable(t, "web", "8080", p.in("db")...)
		p.do("rm", "-f", "-t", "0", "web", "db")
		if after := state(t); after != before {
			t.Errorf("left:\n%s", after)
		}
	})
}

func TestPodmanContainersJoinTwoNetworksAndPublishRanges(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman(t)
		second, err := os.ReadFile("/etc/cni/net.d/87-podman.conflist")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(`"name": "podman"`, `"name": "second"`, "cni-podman0", "cni-podman1", "10.88.0.0", "10.89.0.0").Replace(string(second))
		write(t, "/etc/cni/net.d/88-second.conflist", text)
		before := state(t)
		p.serve("web", "--network", "podman,second", "-p", "8000-8009:80-89")
		answers(t, "web", fromLAN("tcp", "8000")...)
		links := p.do("exec", "web", "ip", "-4", "address")
		if !strings.Contains(links, "10.88.0.") || !strings.Contains(links, "10.89.0.") {
			t.Errorf("web has\n%s", links)
		}
		p.do("rm", "-f", "-t", "0", "web")
		if after := state(t); after != before {
			t.Errorf("left:\n%s", after)
		}
	})
}

// TestAPortOfADeadContainerIsFreeForTheNext is about podman's monitor killed with its
// container: no DEL ever comes for it.
func TestAPortOfADeadContainerIsFreeForTheNext(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman(t)
		p.serve("web", "-p", "8080:80")
		path := killWithMonitor(t, p.do, "web")
		run(t, "umount", path)
		p.serve("heir", "-p", "8080:80")
		answers(t, "heir", fromLAN("tcp", "8080")...)
		p.do("rm", "-f", "-t", "0", "heir")
	})
}

// killWithMonitor kills a container together with podman's monitor, and returns the path of its
// network namespace.
func killWithMonitor(t *testing.T, podman func(...string) string, container string) string {
	t.Helper()
	monitor, err := os.ReadFile(strings.TrimSpace(podman("inspect", "-f", "{{.ConmonPidFile}}", container)))
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Fields(podman("inspect", "-f", "{{.State.Pid}} {{.NetworkSettings.SandboxKey}}", container))
	kill(t, strings.TrimSpace(string(monitor)))
	kill(t, said[0])
	return said[1]
}
