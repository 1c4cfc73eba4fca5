package runtimes

import (
	"slices"
	"strings"
	"testing"
)

// newUser makes a user of the newer Debian who may have containers, and returns how a program is
// started as that user.
func newUser(t *testing.T, enter []string) []string {
	t.Helper()
	run(t, "mknod", "-m", "666", "/run/tun", "c", "10", "200") // that of the machine may be for root alone
	for _, line := range []string{
		"mount --bind /run/tun /dev/net/tun",
		"useradd --no-create-home --uid 1000 --home-dir /run/user/1000 someone",
		"install -d -m 700 -o someone -g someone /run/user/1000",
		"cp /run/containers.conf /etc/containers/containers.conf",
	} {
		run(t, append(slices.Clone(enter), strings.Fields(line)...)...)
	}
	return append(slices.Clone(enter), "runuser", "-u", "someone", "--", "env", "--unset", "CONTAINERS_CONF", "--chdir=/",
		"HOME=/run/user/1000", "XDG_RUNTIME_DIR=/run/user/1000")
}

// TestPodman5WithoutRootRunsContainersOnOurNetwork: bridges, rules and records are in a namespace
// of the user's.
func TestPodman5WithoutRootRunsContainersOnOurNetwork(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		root := newPodman5(t)
		p := podman5{t, newUser(t, root.enter)}
		run(t, "chmod", "644", "/run/rootfs.tar")
		p.do("import", "-q", "/run/rootfs.tar", "probe")
		s := p.subject()
		s.name += " without root"
		before := state(t)
		p.networks()
		p.serve("web", "--network", "front", "-p", "8080:80", "-p", "8081:80/udp")
		p.serve("db", "--network", "front:ip=10.88.0.77,mac=02:11:22:33:44:55", "--network", "back")
		background(t, "ip", "netns", "exec", "lan", probe(), "serve", "lan", "7000")
		answers(t, "lan", append(p.in("web"), "/bin/probe", "ask", "tcp", lanAddress+":7000")...)
		answers(t, "db", append(p.in("web"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
		s.passed(t, add, reaches)
		answers(t, "web", fromLAN("tcp", "8080")...)
		answers(t, "web", probe(), "ask", "tcp", "127.0.0.1:8080")
		s.passed(t, add, "a published port answers the LAN and localhost")
		answers(t, "web", fromLAN("udp", "8081")...)
		s.passed(t, add, udpPort)
		p.has("db", "02:11:22:33:44:55", "mtu 1400", "10.88.0.77/16", "10.89.0.", "eth1")
		s.passed(t, add, wanted)
		s.passed(t, add, twoNetworks)
		inside := []string{"unshare", "--rootless-netns", bin + "/vethbridge", "ls"}
		if listed := p.do(inside...); !strings.Contains(listed, "tcp 0.0.0.0:8080 -> 10.88.0.2:80") {
			t.Errorf("ls: %s", listed)
		}
		p.do("rm", "-f", "-t", "0", "web")
		if listed := p.do(inside...); strings.Contains(listed, "10.88.0.2") {
			t.Errorf("ls: %s", listed)
		}
		answers(t, "db", append(p.in("db"), "/bin/probe", "ask", "tcp", "10.88.0.77:80")...)
		p.do("rm", "-f", "-t", "0", "db")
		unchanged(t, before)
		s.passed(t, del, nothingLeft)
	})
}
