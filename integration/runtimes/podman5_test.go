package runtimes

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// podman5 is the podman of a newer Debian, in its own folder, on a private machine.
type podman5 struct {
	t     *testing.T
	enter []string // starts a program in its Debian
}

// enter makes a copy of a folder the root of a mount namespace of its own, with the machine's
// devices, state and executables in it, and holds it. podman needs a root that can be pivoted from.
const enter = `set -e
mkdir -p /run/trixie/upper /run/trixie/work /run/trixie/root
mount -t overlay -o "lowerdir=$1,upperdir=/run/trixie/upper,workdir=/run/trixie/work" trixie /run/trixie/root
cd /run/trixie/root
for dir in proc sys dev run; do mount --rbind /$dir $dir; done
mkdir -p "./$2" old
mount --bind "$2" "./$2"
mkdir -p var/lib/containers var/lib/docker
mount --bind /var/lib/containers var/lib/containers
mount -t tmpfs tmpfs var/lib/docker
pivot_root . old
umount -l /old
mount --make-rshared /
touch /run/entered
exec sleep infinity
`

// enterTrixie starts the newer Debian, and returns how a program is started in it.
func enterTrixie(t *testing.T) []string {
	t.Helper()
	holder := background(t, "unshare", "--mount", "--propagation", "private", "sh", "-c", enter, "sh", filepath.Join(bin, "trixie"), bin)
	eventually(t, "the newer Debian is there", func() (string, bool) {
		_, err := os.Stat("/run/entered")
		return fmt.Sprint(err), err == nil
	})
	return []string{"nsenter", "--mount", "--target", fmt.Sprint(holder.Process.Pid)}
}

func newPodman5(t *testing.T) podman5 {
	t.Helper()
	t.Setenv("PODMAN_IGNORE_CGROUPSV1_WARNING", "yes") // it would stand in the answers of containers
	t.Setenv("CONTAINERS_CONF", write(t, "/run/containers.conf", `
[network]
network_backend = "netavark"
netavark_plugin_dirs = ["`+bin+`"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`))
	p := podman5{t, enterTrixie(t)}
	write(t, "/run/policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}`)
	run(t, append(p.enter, "cp", "/run/policy.json", "/etc/containers/policy.json")...)
	run(t, "tar", "-C", rootfs(t), "-cf", "/run/rootfs.tar", ".")
	p.do("import", "-q", "/run/rootfs.tar", "probe")
	return p
}

func (p podman5) words(words ...string) []string {
	return append(append(slices.Clone(p.enter), "podman", "--storage-driver", "vfs"), words...)
}

func (p podman5) do(words ...string) string {
	p.t.Helper()
	return run(p.t, p.words(words...)...)
}

func (p podman5) in(container string) []string { return p.words("exec", container) }

// start begins a command that runs a container in the background, in a control group of the
// machine's where podman may choose one.
func (p podman5) start() []string {
	if slices.Contains(p.enter, "runuser") {
		return []string{"run", "-d"}
	}
	return []string{"run", "-d", "--cgroup-parent", os.Getenv(cgroup)}
}

// serve runs a container with a server of its name on port 80.
func (p podman5) serve(name string, options ...string) {
	p.t.Helper()
	p.do(append(append(append(p.start(), "--cap-add", "NET_RAW", "--name", name), options...), "probe", "/bin/probe", "serve", name, "80")...)
}

// subject is podman as the table of conformance names it.
func (p podman5) subject() subject {
	p.t.Helper()
	netavark := run(p.t, append(p.enter, "/usr/lib/podman/netavark", "--version")...)
	return subject{"podman 5", strings.Replace(strings.TrimSpace(p.do("--version")), " version", "", 1) + ", " + strings.TrimSpace(netavark)}
}

// networks creates two networks by our driver: front with both families, and back.
func (p podman5) networks() {
	p.t.Helper()
	p.do("network", "create", "-d", "vethbridge", "--subnet", "10.88.0.0/16", "--subnet", "fd88::/64", "--opt", "mtu=1400", "front")
	p.do("network", "create", "-d", "vethbridge", "--subnet", "10.89.0.0/24", "back")
}

// TestPodman5RunsContainersOnOurNetwork has podman 5 create networks by our driver of netavark.
func TestPodman5RunsContainersOnOurNetwork(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		s := p.subject()
		p.networks()
		before := state(t)
		p.serve("web", "--network", "front", "-p", "8080:80", "-p", "8081:80/udp", "-p", "8100-8199:80-179")
		p.serve("db", "--network", "front:ip=10.88.0.77,mac=02:11:22:33:44:55", "--network", "back")
		reachesOut(t, p.in("web")...)
		answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
		s.passed(t, add, reaches)
		reachable(t, "web", "8080", p.in("db")...)
		reachable(t, "web", "8080", p.in("web")...)
		s.passed(t, add, port)
		answers(t, "web", fromLAN("udp", "8081")...)
		s.passed(t, add, udpPort)
		answers(t, "web", fromLAN("tcp", "8100")...)
		run(t, append(p.words("exec", "-d", "web"), "/bin/probe", "serve", "last", "179")...)
		answers(t, "last", fromLAN("tcp", "8199")...)
		s.passed(t, add, portRange)
		p.has("db", "02:11:22:33:44:55", "mtu 1400", "10.88.0.77/16")
		if inspected := p.do("inspect", "db"); !strings.Contains(inspected, `"IPAddress": "10.88.0.77"`) {
			t.Errorf("inspect does not know the address:\n%s", inspected)
		}
		s.passed(t, add, wanted)
		p.has("db", "10.89.0.", "eth1")
		s.passed(t, add, twoNetworks)
		p.has("web", "10.88.0.2/16", "fd88::2/64")
		s.passed(t, add, bothIPs)
		comesAgainAndGoes(t, p, s, before)
		p.do("network", "rm", "front", "back")
	})
}

// has wants a container's links and addresses to have all this.
func (p podman5) has(container string, all ...string) {
	p.t.Helper()
	links := p.do("exec", container, "ip", "address")
	for _, want := range all {
		if !strings.Contains(links, want) {
			p.t.Errorf("%s lacks %s:\n%s", container, want, links)
		}
	}
}

// TestPodman5JudgesNetworksWhenTheyAreCreated also shows what podman says of a good one.
func TestPodman5JudgesNetworksWhenTheyAreCreated(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		create := []string{"network", "create", "-d", "vethbridge"}
		for says, options := range map[string]string{
			`did you mean "mtu"?`:  "--subnet 10.90.0.0/24 --opt MTU=1400",
			`mtu "12": must be`:    "--subnet 10.90.0.0/24 --opt mtu=12",
			`"dhcp" can't be used`: "--ipam-driver dhcp",
		} {
			out, err := try(p.words(append(append(create, strings.Fields(options)...), "bad")...)...)
			if err == nil || !strings.Contains(out, says) {
				t.Errorf("%s: %v, %s, want %s", options, err, out, says)
			}
		}
		p.do(append(create, "--subnet", "10.90.0.0/24", "--opt", "isolate=true", "good")...)
		inspected := p.do("network", "inspect", "good")
		for _, want := range []string{`"driver": "vethbridge"`, `"network_interface": "vb-`, `"subnet": "10.90.0.0/24"`, `"gateway": "10.90.0.1"`, `"isolate": "true"`, `"dns_enabled": false`} {
			if !strings.Contains(inspected, want) {
				t.Errorf("inspect lacks %s:\n%s", want, inspected)
			}
		}
		p.subject().passed(t, add, "a network is judged when it is created, and can be inspected")
	})
}

func TestPodman5RunsContainersOnTheSampleNetwork(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		run(t, "cp", conf+"/podman5-network.json", "/run/containers.json")
		run(t, append(slices.Clone(p.enter), "install", "-D", "/run/containers.json", "/etc/containers/networks/containers.json")...)
		before := state(t)
		p.serve("web", "--network", "containers", "-p", "8080:80")
		p.has("web", "10.90.0.2/16", "fd90::2/64")
		reachable(t, "web", "8080", p.in("web")...)
		p.do("rm", "-f", "-t", "0", "web")
		unchanged(t, before)
		p.subject().passed(t, add, sample)
	})
}

// TestPodman5ContainersJoinAndLeaveWhileTheyRun is about "podman network connect".
func TestPodman5ContainersJoinAndLeaveWhileTheyRun(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		p.serve("web", "--network", "front", "-p", "8080:80")
		p.serve("db", "--network", "back")
		before := state(t)
		p.do("network", "connect", "back", "web")
		p.has("web", "10.89.0.")
		answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.89.0.2:80")...)
		answers(t, "web", fromLAN("tcp", "8080")...)
		p.do("network", "disconnect", "back", "web")
		unchanged(t, before)
		answers(t, "web", fromLAN("tcp", "8080")...)
		p.subject().passed(t, add, "a running container joins and leaves a network")
	})
}

func TestPodman5ContainersComeBackAfterAReboot(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		before := state(t)
		p.serve("web", "--network", "front", "--network", "back", "-p", "8080:80")
		p.serve("db", "--network", "front:ip=10.88.0.77", "-p", "8090-8099:80-89")
		reboot(t)
		p.enter = enterTrixie(t)
		silent(t, fromLAN("tcp", "8080")...)
		p.do("start", "--all")
		reachable(t, "web", "8080", p.in("db")...)
		reachable(t, "db", "8090", p.in("web")...)
		answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
		p.subject().passed(t, boot, restart)
		p.do("rm", "-f", "-t", "0", "web", "db")
		unchanged(t, before)
	})
}

// TestPodman5SurvivesTheDeathOfItsMonitor: no teardown ever comes for a container that is killed
// together with its monitor.
func TestPodman5SurvivesTheDeathOfItsMonitor(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		p.serve("web", "--network", "front", "-p", "8080:80")
		path := killWithMonitor(t, p.do, "web")
		run(t, append(p.enter, "umount", path)...)
		p.serve("heir", "--network", "front", "-p", "8080:80")
		answers(t, "heir", fromLAN("tcp", "8080")...)
		p.subject().passed(t, add, sandboxDies)
		p.do("rm", "-f", "-t", "0", "heir")
	})
}
