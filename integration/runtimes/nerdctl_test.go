package runtimes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nerdctl is nerdctl on a private machine, with Debian's containerd.
type nerdctl struct {
	t      *testing.T
	start  func() *exec.Cmd // starts containerd
	daemon *exec.Cmd
}

// newNerdctl has nerdctl find these programs as "bridge" and "portmap", and ours under their own
// names too.
func newNerdctl(t *testing.T, bridge, portmap string) nerdctl {
	t.Helper()
	archive := imageArchive(t)
	start := newContainerd(t, releases()[0], "{}")
	daemon := start()
	run(t, "rm", networks+"/10-pods.conflist")
	run(t, "mkdir", "/run/plugins")
	for name, program := range map[string]string{
		"bridge": bridge, "portmap": portmap, "host-local": "host-local", "vethbridge": "vethbridge", "natport": "natport",
		"firewall": "nerdctl/firewall", "tuning": "nerdctl/tuning", // without them it refuses to work
	} {
		if err := os.Symlink(filepath.Join(bin, program), "/run/plugins/"+name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("NERDCTL_TOML", write(t, "/run/nerdctl.toml", `
data_root = "/run/nerdctl"
cgroup_manager = "cgroupfs"
cni_path = "/run/plugins"
cni_netconfpath = "`+networks+`"
`))
	n := nerdctl{t, start, daemon}
	n.do("load", "-q", "-i", archive)
	return n
}

func (n nerdctl) words(words ...string) []string {
	return append([]string{bin + "/nerdctl/nerdctl"}, words...)
}

func (n nerdctl) do(words ...string) string {
	n.t.Helper()
	return run(n.t, n.words(words...)...)
}

func (n nerdctl) in(container string) []string { return n.words("exec", container) }

func (n nerdctl) serve(name string, options ...string) {
	n.t.Helper()
	n.do(append(append([]string{"run", "-d", "--cgroup-parent", os.Getenv(cgroup), "--name", name}, options...), image, "/bin/probe", "serve", name, "80")...)
}

// once runs a container that ends at once.
func (n nerdctl) once(options ...string) (said string, err error) {
	words := append([]string{"run", "--rm", "--cgroup-parent", os.Getenv(cgroup)}, options...)
	return try(n.words(append(words, image, "/bin/sh", "-c", ":")...)...)
}

// ours has the network that nerdctl made be one of ours: other types, and our own IPAM.
func (n nerdctl) ours(network string) {
	n.t.Helper()
	path := networks + "/default/nerdctl-" + network + ".conflist"
	text, err := os.ReadFile(path)
	if err != nil {
		n.t.Fatal(err)
	}
	replaced := strings.NewReplacer(`"type": "bridge"`, `"type": "vethbridge"`, `"type": "portmap"`, `"type": "natport"`,
		"\n          }\n        ],\n        \"type\": \"host-local\"", "\n          }\n        ]").Replace(string(text))
	if strings.Contains(replaced, "host-local") || !strings.Contains(replaced, "natport") {
		n.t.Fatalf("not replaced:\n%s", replaced)
	}
	write(n.t, path, replaced)
}

func (n nerdctl) subject() subject {
	n.t.Helper()
	version, containerd := n.do("--version"), strings.Fields(run(n.t, "containerd", "--version"))
	return subject{"nerdctl", strings.Replace(strings.TrimSpace(version), " version", "", 1) + ", containerd " + containerd[2]}
}

// TestNerdctlRunsContainersOnNetworksThatItMade has nothing changed in its conflists but types.
func TestNerdctlRunsContainersOnNetworksThatItMade(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNerdctl(t, "bridge", "portmap")
		s := n.subject()
		n.do("network", "create", "--subnet", "10.77.0.0/24", "--ipv6", "--subnet", "fd77::/64", "front")
		n.do("network", "create", "--subnet", "10.78.0.0/24", "back")
		n.ours("front")
		n.ours("back")
		_, _ = n.once("--net", "front", "--net", "back") // the firewall plugin's chains stay
		before := state(t)
		n.serve("web", "--net", "front", "-p", "8080:80", "-p", "8081:80/udp", "-p", "8100-8119:80-99")
		n.serve("db", "--net", "front")
		n.serve("both", "--net", "front", "--net", "back")
		links := n.do("exec", "both", "ip", "address")
		for _, want := range []string{"10.77.0.", "fd77::", "10.78.0."} {
			if !strings.Contains(links, want) {
				t.Errorf("both lacks %s:\n%s", want, links)
			}
		}
		s.passed(t, add, twoNetworks)
		s.passed(t, add, bothIPs)
		reachesOut(t, n.in("web")...)
		answers(t, "web", append(n.in("db"), "/bin/probe", "ask", "tcp", "10.77.0.3:80")...)
		s.passed(t, add, reaches)
		reachable(t, "web", "8080", n.in("db")...)
		reachable(t, "web", "8080", n.in("web")...)
		s.passed(t, add, port)
		answers(t, "web", fromLAN("udp", "8081")...)
		s.passed(t, add, udpPort)
		answers(t, "web", fromLAN("tcp", "8100")...)
		n.do("exec", "-d", "web", "/bin/probe", "serve", "last", "99")
		answers(t, "last", fromLAN("tcp", "8119")...)
		s.passed(t, add, portRange)
		n.do("stop", "-t", "0", "web")
		silent(t, fromLAN("tcp", "8080")...)
		n.do("start", "web")
		reachable(t, "web", "8080", n.in("db")...)
		s.passed(t, del, stopStart)
		kill(t, fmt.Sprint(n.daemon.Process.Pid))
		answers(t, "web", fromLAN("tcp", "8080")...)
		n.start()
		reachable(t, "web", "8080", n.in("db")...)
		n.do("rm", "-f", "web", "db", "both")
		unchanged(t, before)
		s.passed(t, del, nothingLeft)
		s.passed(t, del, daemonDies)
		n.do("network", "rm", "front", "back")
	})
}

// TestNerdctlGivesAddressesToPluginsThatItKnows: it takes --ip and --mac-address only where the
// type is "bridge".
func TestNerdctlGivesAddressesToPluginsThatItKnows(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNerdctl(t, "vethbridge", "natport")
		n.do("network", "create", "--subnet", "10.77.0.0/24", "front")
		n.serve("db", "--net", "front", "--ip", "10.77.0.9", "--mac-address", "02:11:22:33:44:55", "-p", "8080:80")
		reachable(t, "db", "8080", n.in("db")...)
		if links := n.do("exec", "db", "ip", "address"); !strings.Contains(links, "10.77.0.9/24") || !strings.Contains(links, "02:11:22:33:44:55") {
			t.Errorf("db has\n%s", links)
		}
		n.subject().passed(t, add, wanted)
		n.do("rm", "-f", "db")
	})
}

// TestAnAttachmentThatNerdctlForgetsGivesWay is about a container whose port is taken: nerdctl calls
// no DEL for it.
func TestAnAttachmentThatNerdctlForgetsGivesWay(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNerdctl(t, "bridge", "portmap")
		n.do("network", "create", "--subnet", "10.77.0.0/29", "front")
		n.ours("front")
		n.serve("web", "--net", "front", "-p", "8080:80")
		for range 6 { // more than there are addresses
			out, err := n.once("--net", "front", "-p", "8080:80")
			if err == nil || !strings.Contains(out, "is held by front/") {
				t.Errorf("a port that is taken: %v, %s", err, out)
			}
		}
		n.subject().passed(t, add, portTaken)
		answers(t, "web", fromLAN("tcp", "8080")...)
		n.do("rm", "-f", "web")
	})
}

func TestNerdctlRunsContainersOnTheSampleConflist(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNerdctl(t, "bridge", "portmap")
		run(t, "cp", conf+"/nerdctl.conflist", networks)
		_, _ = n.once("--net", "containers")
		before := state(t)
		n.serve("web", "--net", "containers", "-p", "8080:80")
		reachable(t, "web", "8080", n.in("web")...)
		n.do("rm", "-f", "web")
		unchanged(t, before)
		n.subject().passed(t, add, sample)
	})
}
