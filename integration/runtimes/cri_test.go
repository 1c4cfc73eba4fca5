package runtimes

import (
	"strings"
	"testing"
)

var web = portMapping{HostPort: 8080, ContainerPort: 80}

func TestPodsOfContainerdReachAllAndAreReached(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNode(t)
		before := podState(t)
		web, db := n.serve("web", web), n.serve("db")
		if links := run(t, web.in("ip", "-4", "address", "show", "eth0")...); !strings.Contains(links, "inet "+web.address()+"/24 ") {
			t.Errorf("web has %s and\n%s", web.address(), links)
		}
		reachable(t, "web", "8080", db.in()...)
		reachable(t, "web", "8080", web.in()...)
		reachesOut(t, web.in()...)
		run(t, web.in("/bin/ping", "-c", "1", "-W", "3", "10.244.0.1")...)
		answers(t, "db", web.in("/bin/probe", "ask", "tcp", db.address()+":80")...)
		answers(t, "web", db.in("/bin/probe", "ask", "tcp", web.address()+":80")...)
		web.remove()
		silent(t, fromLAN("tcp", "8080")...)
		db.remove()
		n.same(before)
	})
}

// TestPodsOutliveContainerdAndLeaveNothing is about containerd killed between the ADD of a pod
// and its DEL.
func TestPodsOutliveContainerdAndLeaveNothing(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNode(t)
		before := podState(t)
		web, db := n.serve("web", web), n.serve("db")
		n.kill()
		answers(t, "web", fromLAN("tcp", "8080")...)
		n.start()
		reachable(t, "web", "8080", db.in()...)
		web.remove()
		db.remove()
		n.same(before)
	})
}

// TestARefusedPodLeavesNothing is about a host port that another pod has.
func TestARefusedPodLeavesNothing(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		n := newNode(t)
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
		first.remove()
	})
}
