package runtimes

import (
	"strings"
	"testing"
)

var web = portMapping{HostPort: 8080, ContainerPort: 80}

func TestPodsOfContainerdReachAllAndAreReached(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		n := newNode(t, r, samplePods(t))
		before := podState(t)
		web, db := n.serve("web", web), n.serve("db")
		if links := run(t, web.in("ip", "-4", "address", "show", "eth0")...); !strings.Contains(links, "inet "+web.address()+"/24 ") {
			t.Errorf("web has %s and\n%s", web.address(), links)
		}
		reachesOut(t, web.in()...)
		run(t, web.in("/bin/ping", "-c", "1", "-W", "3", "10.244.0.1")...)
		answers(t, "db", web.in("/bin/probe", "ask", "tcp", db.address()+":80")...)
		answers(t, "web", db.in("/bin/probe", "ask", "tcp", web.address()+":80")...)
		n.passed(t, add, reaches)
		reachable(t, "web", "8080", db.in()...)
		reachable(t, "web", "8080", web.in()...)
		n.passed(t, add, port)
		web.remove()
		silent(t, fromLAN("tcp", "8080")...)
		db.remove()
		n.same(before)
		n.passed(t, del, nothingLeft)
	})
}

func TestAPodHasBothFamiliesAndPortsOfItsChoice(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		const second = `[{ "subnet": "10.244.0.0/24" }], [{ "subnet": "fd44::/64" }]`
		n := newNode(t, r, strings.Replace(samplePods(t), `[{ "subnet": "10.244.0.0/24" }]`, second, 1))
		before := podState(t)
		dns := portMapping{HostPort: 5353, ContainerPort: 80, Protocol: 1}
		local := portMapping{HostPort: 8081, ContainerPort: 80, HostIP: "127.0.0.1"}
		web, db := n.serve("web", web, dns, local), n.serve("db")
		more := n.do("inspectp", "-o", "go-template", "--template", "{{range .status.network.additionalIps}}{{.ip}}{{end}}", web.sandbox)
		if !strings.HasPrefix(more, "fd44::") {
			t.Errorf("web has %s and %q", web.address(), more)
		}
		answers(t, "web", db.in("/bin/probe", "ask", "tcp", "["+more+"]:80")...)
		n.passed(t, add, bothIPs)
		answers(t, "web", fromLAN("udp", "5353")...)
		n.passed(t, add, udpPort)
		answers(t, "web", probe(), "ask", "tcp", "127.0.0.1:8081")
		silent(t, fromLAN("tcp", "8081")...)
		n.passed(t, add, "a port on 127.0.0.1 answers the host, and nobody else")
		web.remove()
		db.remove()
		n.same(before)
	})
}

// TestPodsOutliveContainerdAndLeaveNothing is about containerd killed between the ADD of a pod
// and its DEL.
func TestPodsOutliveContainerdAndLeaveNothing(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		n := newNode(t, r, samplePods(t))
		before := podState(t)
		web, db := n.serve("web", web), n.serve("db")
		n.kill()
		answers(t, "web", fromLAN("tcp", "8080")...)
		n.start()
		reachable(t, "web", "8080", db.in()...)
		web.remove()
		db.remove()
		n.same(before)
		n.passed(t, del, daemonDies)
	})
}

// TestAPodWhosePauseIsKilledGivesWay is about what holds a pod's namespaces, and what a kubelet
// does about its death: the old sandbox is stopped, a new one started, the old one removed.
func TestAPodWhosePauseIsKilledGivesWay(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		n := newNode(t, r, samplePods(t))
		before := podState(t)
		old := n.serve("old", web)
		kill(t, n.do("inspectp", "-o", "go-template", "--template", "{{.info.pid}}", old.sandbox))
		eventually(t, "the sandbox is not ready", func() (string, bool) {
			said := n.do("inspectp", "-o", "go-template", "--template", "{{.status.state}}", old.sandbox)
			return said, strings.Contains(said, "NOTREADY")
		})
		n.do("stopp", old.sandbox)
		heir := n.serve("heir", web)
		n.do("rmp", "-f", old.sandbox)
		reachable(t, "heir", "8080", heir.in()...)
		heir.remove()
		n.same(before)
		n.passed(t, add, sandboxDies)
	})
}

// TestALateDELOfAPodSparesItsHeir is about a pod that starts again with its host port, before
// the second DEL of the old sandbox.
func TestALateDELOfAPodSparesItsHeir(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		n := newNode(t, r, samplePods(t))
		before := podState(t)
		old := n.serve("old", web)
		n.do("stopp", old.sandbox)
		heir := n.serve("heir", web)
		n.do("rmp", old.sandbox)
		reachable(t, "heir", "8080", heir.in()...)
		heir.remove()
		n.same(before)
		n.passed(t, del, lateDel)
	})
}

// TestARefusedPodLeavesNothing is about a host port that another pod has.
func TestARefusedPodLeavesNothing(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		n := newNode(t, r, samplePods(t))
		first := n.serve("first", web)
		before := podState(t)
		out, err := crictl("runp", podConfig(t, "second", published(web)))
		if err == nil || !strings.Contains(out, "8080") || !strings.Contains(out, "is held by pods/"+first.sandbox) {
			t.Errorf("runp: %v: %s", err, out)
		}
		for _, sandbox := range strings.Fields(n.do("pods", "-q", "--name", "second")) {
			n.do("rmp", sandbox)
		}
		n.same(before)
		answers(t, "first", fromLAN("tcp", "8080")...)
		n.passed(t, add, portTaken)
		first.remove()
	})
}

// TestAFullNetworkIsNotReady is about STATUS, which the first release doesn't know.
func TestAFullNetworkIsNotReady(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNode(t, releases()[1], strings.Replace(samplePods(t), "10.244.0.0/24", "10.244.0.0/30", 1))
		only := n.serve("only")
		n.network("false Network plugin returns error: check status: range set 0 of network pods has no free address: 1 of 1 in use")
		only.remove()
		n.network("true")
		n.serve("next").remove()
		n.passed(t, status, fullPool)
	})
}
