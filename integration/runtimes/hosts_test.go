package runtimes

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// router is the address of the machine on the segment of its hosts: their way to the outside,
// and a client and a server there.
const router, router6 = "192.0.2.1", "2001:db8:2::1"

// host is one of several on a private machine, with namespaces of its own for network and mounts.
type host struct {
	*testing.T
	name              string
	address, address6 string
	pid               string // of the process that holds the namespaces
}

// newHosts makes hosts on one segment.
func newHosts(t *testing.T, names ...string) (list []host) {
	t.Helper()
	for _, words := range []string{
		"ip link add segment type bridge", "ip address add " + router + "/24 dev segment",
		"ip address add " + router6 + "/64 dev segment nodad", "ip link set segment up",
	} {
		run(t, strings.Fields(words)...)
	}
	background(t, probe(), "serve", "outside", "7000")
	for i, name := range names {
		list = append(list, newHost(t, name, 11+i))
	}
	return list
}

func newHost(t *testing.T, name string, number int) host {
	t.Helper()
	holder := background(t, "unshare", "--net", "--mount", "sh", "-ec", `
		for dir in /run /var/lib/cni /etc/cni; do mount -t tmpfs tmpfs $dir; done
		mkdir /run/netns /etc/cni/net.d
		mount -t sysfs sysfs /sys
		ip link set lo up
		touch /run/ready
		exec sleep 100000`)
	h := host{t, name, fmt.Sprintf("192.0.2.%d", number), fmt.Sprintf("2001:db8:2::%d", number), fmt.Sprint(holder.Process.Pid)}
	eventually(t, "host "+name+" is there", func() (string, bool) {
		out, err := try(h.on("cat", "/run/ready")...)
		return out, err == nil
	})
	for _, words := range []string{
		"ip link add to-" + name + " type veth peer name eth0 netns " + h.pid, "ip link set to-" + name + " master segment up",
	} {
		run(t, strings.Fields(words)...)
	}
	for _, words := range []string{
		"ip address add " + h.address + "/24 dev eth0", "ip address add " + h.address6 + "/64 dev eth0 nodad",
		"ip link set eth0 up", "ip route add default via " + router, "ip route add default via " + router6,
	} {
		run(t, h.on(strings.Fields(words)...)...)
	}
	return h
}

// on are the words that run a command on the host.
func (h host) on(words ...string) []string {
	return append([]string{"nsenter", "-t", h.pid, "--net", "--mount"}, words...)
}

// in are the words that run a command in a container.
func (h host) in(container string, words ...string) []string {
	return h.on(append([]string{"ip", "netns", "exec", container}, words...)...)
}

// cni is one call of cnitool, with a host port that leads to port 80.
func (h host) cni(command, container string, hostPort int) (string, error) {
	ports := fmt.Sprintf(`{"portMappings":[{"hostPort":%d,"containerPort":80,"protocol":"tcp"}]}`, hostPort)
	cmd := exec.Command("nsenter", h.on("env", "CNI_PATH="+bin, "NETCONFPATH="+networks, "CAP_ARGS="+ports,
		filepath.Join(bin, "cnitool"), command, "pods", "/run/netns/"+container)[1:]...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// attach starts a container with a server of its name on port 80, which hostPort leads to, and
// returns its addresses.
func (h host) attach(container string, hostPort int) (addresses []string) {
	h.Helper()
	run(h.T, h.on("ip", "netns", "add", container)...)
	run(h.T, h.in(container, "ip", "link", "set", "lo", "up")...)
	out, err := h.cni("add", container, hostPort)
	var result struct{ IPs []struct{ Address string } }
	if err == nil {
		err = json.Unmarshal([]byte(out), &result)
	}
	if err != nil || len(result.IPs) == 0 {
		h.Fatalf("ADD of %s on %s: %v: %s", container, h.name, err, out)
	}
	background(h.T, h.in(container, probe(), "serve", container, "80")...)
	for _, ip := range result.IPs {
		address, _, _ := strings.Cut(ip.Address, "/")
		addresses = append(addresses, address)
	}
	return addresses
}

// network writes the conflist of the host.
func (h host) network(conflist string) {
	h.Helper()
	cmd := exec.Command("nsenter", h.on("tee", networks+"/10-pods.conflist")[1:]...)
	cmd.Stdin = strings.NewReader(conflist)
	if err := cmd.Run(); err != nil {
		h.Fatal(err)
	}
}

// detach wants DEL to succeed.
func (h host) detach(container string, hostPort int) {
	h.Helper()
	if out, err := h.cni("del", container, hostPort); err != nil {
		h.Errorf("DEL of %s on %s: %v: %s", container, h.name, err, out)
	}
	run(h.T, h.on("ip", "netns", "del", container)...)
}

// state is what of ours is on the host, apart from the bridge, which stays.
func (h host) state() string {
	h.Helper()
	var kept strings.Builder
	for line := range strings.Lines(run(h.T, h.on("ip", "-br", "link")...)) {
		if !strings.HasPrefix(line, "cni0 ") {
			kept.WriteString(line)
		}
	}
	kept.WriteString(run(h.T, h.on("nft", "list", "ruleset")...))
	kept.WriteString(run(h.T, h.on(filepath.Join(bin, "vethbridge"), "ls", "--json")...))
	return volatile.ReplaceAllString(kept.String(), "")
}

// podsMeet wants web on one host and db on another to see each other by their own addresses, the
// outside to see those of their hosts, and both to answer by port 8080 of their hosts.
func podsMeet(t *testing.T, one, two host, web, db []string) {
	t.Helper()
	ask := func(h host, from, to, port string) []string {
		return h.in(from, probe(), "ask", "tcp", net.JoinHostPort(to, port))
	}
	for i := range web {
		seenBy(t, "db", web[i], ask(one, "web", db[i], "80")...)
		seenBy(t, "web", db[i], ask(two, "db", web[i], "80")...)
		outside := []string{router, router6}[i]
		hosts := [][]string{{one.address, two.address}, {one.address6, two.address6}}[i]
		seenBy(t, "outside", hosts[0], ask(one, "web", outside, "7000")...)
		seenBy(t, "outside", hosts[1], ask(two, "db", outside, "7000")...)
		answers(t, "web", probe(), "ask", "tcp", net.JoinHostPort(hosts[0], "8080"))
		answers(t, "db", probe(), "ask", "tcp", net.JoinHostPort(hosts[1], "8080"))
		answers(t, "db", ask(one, "web", hosts[1], "8080")...)
		answers(t, "web", ask(one, "web", hosts[0], "8080")...)
	}
}
