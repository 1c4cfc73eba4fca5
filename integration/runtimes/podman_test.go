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
	p.do(append(append([]string{"run", "-d", "--cgroup-parent", os.Getenv(cgroup), "--name", name}, options...), "probe", "/bin/probe", "serve", name, "80")...)
}

func (p podman) subject() subject {
	p.t.Helper()
	return subject{"podman 4", strings.Replace(strings.TrimSpace(p.do("--version")), " version", "", 1)}
}

func TestPodmanRunsContainersOnOurNetwork(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman(t)
		s := p.subject()
		before := state(t)
		p.serve("web", "-p", "8080:80", "-p", "8081:80/udp")
		p.serve("db", "--ip", "10.88.0.77", "--mac-address", "02:11:22:33:44:55")
		reachesOut(t, p.in("web")...)
		answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
		answers(t, "web", append(p.in("db"), "/bin/probe", "ask", "tcp", "10.88.0.2:80")...)
		s.passed(t, add, reaches)
		reachable(t, "web", "8080", p.in("db")...)
		reachable(t, "web", "8080", p.in("web")...)
		s.passed(t, add, port)
		answers(t, "web", fromLAN("udp", "8081")...)
		s.passed(t, add, udpPort)
		if links := p.do("exec", "db", "ip", "address", "show", "eth0"); !strings.Contains(links, "02:11:22:33:44:55") {
			t.Errorf("db has\n%s", links)
		}
		s.passed(t, add, wanted)
		comesAgainAndGoes(t, p, s, before)
		s.passed(t, add, sample)
	})
}

// secondNetwork adds a network to podman's, both families, beside the sample.
func secondNetwork(t *testing.T) {
	t.Helper()
	first, err := os.ReadFile(networks + "/87-podman.conflist")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`"name": "podman"`, `"name": "second"`, "cni-podman0", "cni-podman1",
		`[{ "subnet": "10.88.0.0/16" }]`, `[{ "subnet": "10.89.0.0/16" }], [{ "subnet": "fd89::/64" }]`).Replace(string(first))
	write(t, networks+"/88-second.conflist", text)
}

func TestPodmanContainersJoinTwoNetworksAndPublishRanges(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman(t)
		s := p.subject()
		secondNetwork(t)
		before := state(t)
		p.serve("web", "--network", "podman,second", "-p", "8000-8099:80-179")
		answers(t, "web", fromLAN("tcp", "8000")...)
		p.do("exec", "-d", "web", "/bin/probe", "serve", "last", "179")
		answers(t, "last", fromLAN("tcp", "8099")...)
		s.passed(t, add, portRange)
		links := p.do("exec", "web", "ip", "address")
		if !strings.Contains(links, "10.88.0.") || !strings.Contains(links, "10.89.0.") || !strings.Contains(links, "fd89::") {
			t.Errorf("web has\n%s", links)
		}
		s.passed(t, add, twoNetworks)
		s.passed(t, add, bothIPs)
		p.do("stop", "-t", "0", "web")
		p.do("start", "web")
		answers(t, "web", fromLAN("tcp", "8000")...)
		p.do("rm", "-f", "-t", "0", "web")
		unchanged(t, before)
	})
}

// TestPodmansContainersComeBackAfterAReboot has the records go with the boot, and has them on a
// disk, where those of the former boot are in the way of nothing.
func TestPodmansContainersComeBackAfterAReboot(t *testing.T) {
	for name, dir := range map[string]string{"records-in-run": "/run/vethbridge", "records-on-disk": "/var/lib/containers/vethbridge"} {
		t.Run(name, func(t *testing.T) {
			onMachine(t, func(t *testing.T) {
				p := newPodman(t)
				secondNetwork(t)
				run(t, "sed", "-i", `s|"type": "[vn]|"stateDir": "`+dir+`", &|`, networks+"/87-podman.conflist", networks+"/88-second.conflist")
				p.comeBack(dir)
			})
		})
	}
}

func (p podman) comeBack(dir string) {
	t := p.t
	t.Helper()
	run(t, "mkdir", "-p", "-m", "700", dir) // "ls" takes one that is not there for a slip
	all := func() string { return state(t) + run(t, bin+"/vethbridge", "ls", "--json", "--state-dir", dir) }
	before := all()
	p.serve("web", "-p", "8080:80", "--network", "podman,second")
	p.serve("db", "-p", "8090-8099:80-89", "--ip", "10.88.0.77")
	reboot(t)
	silent(t, fromLAN("tcp", "8080")...)
	p.do("start", "--all")
	reachable(t, "web", "8080", p.in("db")...)
	reachable(t, "db", "8090", p.in("web")...)
	answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
	if listed := run(t, bin+"/vethbridge", "ls", "--state-dir", dir); strings.Count(listed, "alive") != 3 || strings.Contains(listed, "dead") {
		t.Errorf("ls:\n%s", listed)
	}
	p.do("rm", "-f", "-t", "0", "web", "db")
	if after := all(); after != before {
		t.Errorf("was\n%s\nleft:\n%s", before, after)
	}
	p.subject().passed(t, boot, restart)
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
		p.subject().passed(t, add, sandboxDies)
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
