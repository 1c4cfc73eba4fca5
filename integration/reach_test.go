package integration

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"vethbridge/integration/testbed"
)

// reachRow is a row of the table in the README: who reaches a container, by each of the targets.
type reachRow struct {
	client  string
	answers [4]string // to targets; "yes" or "no" and what is to be said of it; empty: not asked
}

var reachRows = []reachRow{
	{"on the LAN, with a route to the container", [4]string{"yes", "yes", "no", "no; with `\"mode\": \"routed\"` yes"}},
	{"the host, by its own address", [4]string{"yes", "yes", "no", "yes"}},
	{"the host, by 127.0.0.1", [4]string{"yes", "no", "yes", ""}},
	{"the host, by ::1", [4]string{"no", "no", "no", ""}},
	{"the container itself", [4]string{"yes", "yes", "no", "yes"}},
	{"a container of the same network", [4]string{"yes", "yes", "no", "yes; with `\"isolation\": \"port\"` no"}},
	{"a container of another network", [4]string{"yes", "yes", "no", "no; with `\"mode\": \"routed\"` yes"}},
	{"a container of another network with `\"isolation\": \"network\"`", [4]string{"yes", "yes", "no", "no"}},
	{"a container of an internal network (`\"internal\": true`)", [4]string{"no", "no", "no", "no"}},
}

// markdown is the row as the README has it, an empty cell being one blank wide.
func (r reachRow) markdown() string {
	line := fmt.Sprintf("| %s | %s |\n", r.client, strings.Join(r.answers[:], " | "))
	return strings.ReplaceAll(line, "|  |", "| |")
}

// targets are ports published on any address, on one of the host and on 127.0.0.1, and the container's
// own, which the container's own address leads to.
var targets = [4]int{8080, 8081, 8082, 80}

func reachPorts() (list []testbed.Port) {
	for _, protocol := range []string{"tcp", "udp"} {
		port := testbed.Port{HostPort: targets[0], ContainerPort: 80, Protocol: protocol}
		one4, one6, local := port, port, port
		one4.HostPort, one4.HostIP = targets[1], testbed.HostAddr4
		one6.HostPort, one6.HostIP = targets[1], testbed.HostAddr6
		local.HostPort, local.HostIP = targets[2], "127.0.0.1"
		list = append(list, port, one4, one6, local)
	}
	return list
}

// TestPublishedPortsAnswerEveryClient is the table of who reaches a published port: from
// where, by which address of the host, by which protocol and family, with each backend, with
// frames on the bridge shown to the IP hooks or not.
func TestPublishedPortsAnswerEveryClient(t *testing.T) {
	for _, bridgeFilter := range []string{"0", "1"} {
		t.Run("bridge-nf-call="+bridgeFilter, func(t *testing.T) {
			onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
				h.Sysctl("net/bridge/bridge-nf-call-iptables", bridgeFilter)
				h.Sysctl("net/bridge/bridge-nf-call-ip6tables", bridgeFilter)
				h.RunIn(h.LAN, "ip", "route", "add", "10.99.0.0/24", "via", testbed.HostAddr4)
				h.RunIn(h.LAN, "ip", "-6", "route", "add", "fd99::/64", "via", testbed.HostAddr6)
				reach(t, h, n)
			})
		})
	}
}

func TestTheReadmeSaysWhoReachesWhat(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reachRows {
		if line := r.markdown(); !strings.Contains(string(readme), line) {
			t.Errorf("the README lacks %s", line)
		}
	}
}

// reach lets the client of each row ask for each target.
func reach(t *testing.T, h *testbed.Host, n testbed.Network) {
	web, webResult := attach(t, h, n, "web", reachPorts()...)
	db, dbResult := attach(t, h, n, "db")
	other := otherNetwork(n)
	elsewhere := map[string]testbed.Network{
		"a container of another network": other, "a container of another network with `\"isolation\": \"network\"`": other.With(0, "isolation", "network"),
		"a container of an internal network (`\"internal\": true`)": other.With(0, "internal", true),
	}
	paths := map[string]string{
		"on the LAN, with a route to the container": h.LAN, "the container itself": web.Netns, "a container of the same network": db.Netns,
	}
	for _, r := range reachRows {
		network, apart := elsewhere[r.client]
		if !apart {
			r.try(t, h, paths[r.client])
			continue
		}
		client, result := attach(t, h, network, "client")
		r.try(t, h, client.Netns)
		network.Del(t, client, result.Raw)
	}
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, webResult.Raw)
}

// try asks from the namespace at path for every target, by every address, by both protocols; and for
// the container's own port at the host's addresses, where it is not published.
func (r reachRow) try(t *testing.T, h *testbed.Host, path string) {
	t.Helper()
	var questions sync.WaitGroup
	ask := func(addresses []string, port int, answered bool) {
		for _, address := range addresses {
			for _, protocol := range []string{"tcp", "udp"} {
				question := func() { r.ask(t, h, path, protocol, address, port, answered) }
				if path == "" { // only this thread is on the host
					question()
				} else {
					questions.Go(question)
				}
			}
		}
	}
	for i, answer := range r.answers {
		if answer != "" {
			ask(r.addresses(i), targets[i], strings.HasPrefix(answer, "yes"))
		}
	}
	ask(r.addresses(0), targets[3], false)
	questions.Wait()
}

// addresses are those by which a client may know a target, of both families.
func (r reachRow) addresses(target int) []string {
	switch {
	case r.client == "the host, by 127.0.0.1":
		return []string{"127.0.0.1"}
	case r.client == "the host, by ::1":
		return []string{"::1"}
	case target == 3:
		return []string{web4, web6}
	}
	return []string{testbed.HostAddr4, testbed.HostAddr6}
}

func (r reachRow) ask(t *testing.T, h *testbed.Host, path, protocol, host string, port int, answered bool) {
	if !answered {
		if !h.Silent(path, protocol, host, port) {
			t.Errorf("%s: %s to %s port %d answers", r.client, protocol, host, port)
		}
	} else if name, _, err := h.Ask(path, protocol, host, port); name != "web" {
		t.Errorf("%s: %s to %s port %d: %q, %v", r.client, protocol, host, port, name, err)
	}
}

// A container of another network, whose host ports are for its own clients, is like one on the LAN.
func TestTheSourceIsKeptFromTheLANAndRewrittenOnTheOwnBridge(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	db, dbResult := attach(t, h, n, "db")
	other, _ := attach(t, h, otherNetwork(n).With(1, "ipMasq", false), "other", testbed.Port{HostPort: 8081, ContainerPort: 80})
	expect(t, h, other.Netns, "tcp", testbed.HostAddr4, 8080, "web", "10.98.0.2")
	expect(t, h, other.Netns, "tcp", testbed.HostAddr6, 8080, "web", "fd98::2")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
	expect(t, h, db.Netns, "tcp", testbed.HostAddr4, 8080, "web", "10.99.0.1")
	expect(t, h, db.Netns, "tcp", web4, 80, "web", "10.99.0.3")
	n.Del(t, db, dbResult.Raw)
	n.Del(t, web, result.Raw)
}

func TestPublishingAPortDoesNotOpenTheLoopbackOfTheHost(t *testing.T) {
	h, n := newDemo(t)
	h.Serve("", "tcp", 6000, "secret")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, "", "tcp", "127.0.0.1", 6000, "secret", "")
	sendLoopback(h, c.Netns, "10.99.0.1")
	sendLoopback(h, h.LAN, testbed.HostAddr4)
	h.Sysctl("net/ipv4/conf/all/route_localnet", "1")
	for name, path := range map[string]string{"a container": c.Netns, "the LAN": h.LAN} {
		for _, port := range []int{6000, 8080} {
			if !h.Silent(path, "tcp", "127.0.0.1", port) {
				t.Errorf("%s reaches port %d on the host's 127.0.0.1", name, port)
			}
		}
	}
	h.Sysctl("net/ipv4/conf/all/route_localnet", "0")
	n.Del(t, c, result.Raw)
}

// sendLoopback makes an attacker's namespace send packets for 127.0.0.0/8 to a gateway.
func sendLoopback(h *testbed.Host, path, gateway string) {
	h.RunIn(path, "ip", "addr", "flush", "dev", "lo")
	h.RunIn(path, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
	h.RunIn(path, "ip", "route", "add", "127.0.0.0/8", "via", gateway, "dev", "eth0")
}

func TestNatportServesAnotherMainPlugin(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n.Chain[0] = testbed.Config{"cniVersion": "1.0.0", "name": "demo", "type": "ptp", "ipam": testbed.Config{
		"type": "host-local", "dataDir": t.TempDir(), "subnet": "10.98.0.0/24", "routes": []any{testbed.Config{"dst": "0.0.0.0/0"}}}}
	n = n.With(1, "cniVersion", "1.0.0")
	h.Sysctl("net/ipv4/ip_forward", "1")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	h.Serve(h.LAN, "tcp", 7000, "lan")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	expect(t, h, "", "tcp", "127.0.0.1", 8080, "web", "")
	expect(t, h, c.Netns, "tcp", testbed.HostAddr4, 8080, "web", "")
	expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	n.Del(t, c, result.Raw)
	h.Sysctl("net/ipv4/ip_forward", "0")
	h.Same(t, before)
}
