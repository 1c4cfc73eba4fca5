package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// portOf returns the host port that "vethbridge ls" shows for a container.
func portOf(t *testing.T, h *testbed.Host, container string) int {
	t.Helper()
	var rows []struct {
		Container string
		Ports     []struct{ HostPort int }
	}
	out, _ := operate(t, h, "ls", "--json")
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Container == container && len(r.Ports) > 0 {
			return r.Ports[0].HostPort
		}
	}
	t.Fatalf("no ports of %s: %+v", container, rows)
	return 0
}

func TestAHostPortThatIsLeftOpenIsOneThatIsFreeAndItStays(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(1, "hostPortRange", "20000-20002")
	before := h.Snapshot()
	h.Serve("", "tcp", 20001, "daemon")
	open := testbed.Port{ContainerPort: 80}
	web, webResult := attach(t, h, n, "web", open)
	db, dbResult := attach(t, h, n, "db", open)
	for _, c := range []testbed.Container{web, db} {
		port := portOf(t, h, c.ID)
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, port, c.ID, "")
		expect(t, h, h.LAN, "tcp", testbed.HostAddr6, port, c.ID, "")
		if answer := n.Check(t, c, webResult.Raw); c.ID == "web" && answer.Exit != 0 {
			t.Errorf("CHECK: %s", answer.Stdout)
		}
	}
	port := portOf(t, h, "web")
	call := testbed.Call{Plugin: "natport", Command: "ADD", Container: "web", Netns: web.Netns,
		Config: n.Chain[1].With("prevResult", webResult.Raw).With("runtimeConfig", testbed.Config{"portMappings": []testbed.Port{open}}).JSON()}
	if answer := n.Plugins.Do(t, call); answer.Exit != 0 || portOf(t, h, "web") != port {
		t.Errorf("a second ADD: %s; port %d, want %d", answer.Stdout, portOf(t, h, "web"), port)
	}
	full := testbed.Container{ID: "full", Netns: h.NewContainer(), Ports: []testbed.Port{open}}
	answer, _ := n.TryAdd(t, full)
	if e, ok := answer.Error(); !ok || e.Code != 11 || !strings.Contains(e.Message, "20000-20002") {
		t.Errorf("no port is free: %s", answer.Stdout)
	}
	n.Del(t, full, nil)
	n.Del(t, web, webResult.Raw)
	n.Del(t, db, dbResult.Raw)
	h.Same(t, before)
}

func TestARangeOfPortsLeadsToAsManyPortsOfTheContainer(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	ports := []testbed.Port{{HostPort: 20000, HostPortEnd: 29999, ContainerPort: 1000}, {HostPort: 53, HostPortEnd: 54, ContainerPort: 53, Protocol: "udp"}}
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: ports}
	result := n.Add(t, c)
	for _, offset := range []int{0, 5000, 9999} {
		name := fmt.Sprint("port", offset)
		h.Serve(c.Netns, "tcp", 1000+offset, name)
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 20000+offset, name, "")
		expect(t, h, h.LAN, "tcp", testbed.HostAddr6, 20000+offset, name, "")
	}
	h.Serve(c.Netns, "udp", 54, "dns")
	expect(t, h, h.LAN, "udp", testbed.HostAddr4, 54, "dns", "")
	other := testbed.Container{ID: "other", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 29999, HostPortEnd: 30001, ContainerPort: 1}}}
	answer, _ := n.TryAdd(t, other)
	if e, ok := answer.Error(); !ok || e.Code != 101 || !strings.Contains(e.Message, "demo/web/eth0") {
		t.Errorf("a range that overlaps: %s", answer.Stdout)
	}
	n.Del(t, other, nil)
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestAContainerOnTwoNetworksHasItsPortsOnce is what podman and nerdctl ask for: all ports of a
// container on each of its networks; the second one has one more here.
func TestAContainerOnTwoNetworksHasItsPortsOnce(t *testing.T) {
	h, n := newDemo(t)
	second := otherNetwork(n)
	before := h.Snapshot()
	port := testbed.Port{HostPort: 8080, ContainerPort: 80}
	c, result := attach(t, h, n, "web", port)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	for plugin := range second.Chain {
		second.Chain[plugin] = second.Chain[plugin].With("isDefaultGateway", nil).With("isGateway", plugin == 0)
	}
	// The interface has another name there.
	call := testbed.Call{Plugin: "vethbridge", Command: "ADD", Container: "web", Netns: c.Netns, IfName: "eth1", Config: second.Chain[0].JSON()}
	answer := n.Plugins.Do(t, call)
	ports := second.Chain[1].With("prevResult", json.RawMessage(answer.Stdout)).With("runtimeConfig", testbed.Config{"portMappings": []testbed.Port{port, {HostPort: 8081, ContainerPort: 81}}})
	chained := call
	chained.Plugin, chained.Config = "natport", ports.JSON()
	if answer := n.Plugins.Do(t, chained); answer.Exit != 0 {
		t.Fatalf("ADD on the second network: %s", answer.Stdout)
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	for _, command := range []string{"CHECK", "DEL"} {
		chained.Command = command
		if answer := n.Plugins.Do(t, chained); answer.Exit != 0 {
			t.Errorf("%s on the second network: %s", command, answer.Stdout)
		}
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	call.Command = "DEL"
	if answer := n.Plugins.Do(t, call); answer.Exit != 0 {
		t.Errorf("DEL on the second network: %s", answer.Stdout)
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

// TestAFormerLifeOfAContainerHasNoPorts is about one that is started again under its name, on its
// networks in another order, after nobody called DEL: after a reboot, say. Its ports follow the
// network that is first now, which has its default route.
func TestAFormerLifeOfAContainerHasNoPorts(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	port := testbed.Port{HostPort: 8080, ContainerPort: 80}
	former, _ := attach(t, h, otherNetwork(n), "web", port)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	h.StopServing()
	h.Forget(former.Netns)
	h.WaitLinkGone(t, "other0")
	web, result := attach(t, h, n, "web", port)
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	if answer := n.Check(t, web, result.Raw); answer.Exit != 0 {
		t.Errorf("CHECK: %s", answer.Stdout)
	}
	n.Del(t, web, result.Raw)
	otherNetwork(n).Del(t, former, nil)
	h.Same(t, before)
}
