package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// smallPool is a network with room for two containers.
func smallPool(n testbed.Network) testbed.Network {
	return n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/29", "rangeStart": "10.99.0.2", "rangeEnd": "10.99.0.3"}}}})
}

// refused wants an ADD to fail with a code and words, and to change nothing.
func refused(t *testing.T, h *testbed.Host, n testbed.Network, c testbed.Container, code int, words ...string) {
	t.Helper()
	before := h.Snapshot()
	answer, _ := n.TryAdd(t, c)
	e, ok := answer.Error()
	if !ok || e.Code != code {
		t.Errorf("ADD of %s: %s; want code %d", c.ID, answer.Stdout, code)
	}
	for _, word := range words {
		if !strings.Contains(e.Message+e.Details, word) {
			t.Errorf("ADD of %s: %q lacks %q", c.ID, e.Message, word)
		}
	}
	n.Del(t, c, nil)
	h.Same(t, before)
}

func TestAFullPoolIsRefusedWithItsFiguresAndTheRetryGetsTheSameError(t *testing.T) {
	h, n := newDemo(t)
	n = smallPool(n)
	before := h.Snapshot()
	var added []testbed.Container
	for i := range 2 {
		c, _ := attach(t, h, n, fmt.Sprint("c", i))
		added = append(added, c)
	}
	late := testbed.Container{ID: "late", Netns: h.NewContainer()}
	for range 2 {
		refused(t, h, n, late, 11, "2 of 2 in use")
	}
	for _, c := range added {
		n.Del(t, c, nil)
	}
	h.Same(t, before)
}

func TestAddressesAndPortsOfTheDeadAreReclaimedWhenNeeded(t *testing.T) {
	h, n := newDemo(t)
	n = smallPool(n)
	before := h.Snapshot()
	for round := range 5 {
		c, _ := attach(t, h, n, fmt.Sprint("c", round), testbed.Port{HostPort: 8080, ContainerPort: 80})
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, c.ID, "")
		// The container ends, and nobody calls DEL.
		h.StopServing()
		h.Forget(c.Netns)
		h.WaitLinkGone(t, "demo0")
	}
	said := ""
	for i := range 2 { // for one of them only the address of the last of the dead is left
		alone := testbed.Network{Plugins: n.Plugins, Chain: n.Chain[:1]}
		a, _ := alone.TryAdd(t, testbed.Container{ID: fmt.Sprint("new", i), Netns: h.NewContainer()})
		said += a.Stderr
	}
	if !strings.Contains(said, "reclaimed a dead attachment") || !strings.Contains(said, "demo/c4/eth0") {
		t.Errorf("ADD in place of the dead says %q, want a warning that names them", said)
	}
	for i := range 2 {
		n.Del(t, testbed.Container{ID: fmt.Sprint("new", i)}, nil)
	}
	for round := range 5 {
		n.Del(t, testbed.Container{ID: fmt.Sprint("c", round)}, nil)
	}
	h.Same(t, before)
}

// TestAContainerThatAProcessHoldsAliveKeepsWhatItHas: the runtime has unbound its namespace, and somebody may have renamed its link.
func TestAContainerThatAProcessHoldsAliveKeepsWhatItHas(t *testing.T) {
	for name, befall := range map[string]string{"link as it was": "", "link renamed": "ip link set LINK down; ip link set LINK name hidden0; ip link set hidden0 up"} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			before := h.Snapshot()
			web, _ := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			h.Run("sh", "-ec", strings.ReplaceAll(befall, "LINK", linkOf(h)))
			holdNamespace(t, web.Netns)
			h.Forget(web.Netns)
			refused(t, h, n, testbed.Container{ID: "second", Netns: h.NewContainer(), Args: "IP=10.99.0.2"}, 100, "demo/web/eth0")
			refused(t, h, n, testbed.Container{ID: "third", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}, 101, "demo/web/eth0")
			says(t, h, 0, []string{"nothing"}, "gc")
			n.Del(t, web, nil)
			h.Same(t, before)
		})
	}
}

// TestTheDeadAreFoundWithoutAListOfLinks: it takes the kernel half a second beside 4,000.
func TestTheDeadAreFoundWithoutAListOfLinks(t *testing.T) {
	h, n := newDemo(t)
	n.Chain = n.Chain[:1]
	attach(t, h, n.With(0, "name", "other").With(0, "bridge", "other0").With(0, "ipam", testbed.Config{"subnet": "10.98.0.0/24"}), "alive")
	n = smallPool(n)
	before := h.Snapshot()
	for i := range 2 {
		c, _ := attach(t, h, n, fmt.Sprint("c", i))
		h.StopServing()
		h.Forget(c.Netns)
		h.WaitLinkGone(t, "demo0")
	}
	_, trace := straced(t, n.Plugins, testbed.Call{Plugin: "vethbridge", Command: "ADD", Container: "late", Netns: h.NewContainer(), Config: n.Chain[0].JSON()})
	if lists := listsLinks.FindAllString(trace, -1); len(lists) > 0 {
		t.Errorf("%d lists of links for two dead: %v", len(lists), lists)
	}
	n.Del(t, testbed.Container{ID: "late"}, nil)
	h.Same(t, before)
}

func TestAHostPortOfALivingContainerIsRefusedNamingIt(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	second := testbed.Container{ID: "second", Netns: h.NewContainer()}
	for _, port := range []testbed.Port{
		{HostPort: 8080, ContainerPort: 80}, {HostPort: 8080, ContainerPort: 80, HostIP: testbed.HostAddr4},
		{HostPort: 8080, ContainerPort: 80, HostIP: "127.0.0.1"}, {HostPort: 8080, ContainerPort: 80, HostIP: testbed.HostAddr6},
		{HostPort: 8080, ContainerPort: 80, HostIP: "::ffff:" + testbed.HostAddr4}, {HostPort: 8000, HostPortEnd: 8099, ContainerPort: 8000},
	} {
		second.Ports = []testbed.Port{port}
		refused(t, h, n, second, 101, "web", "8080")
	}
	second.Ports = []testbed.Port{{HostPort: 9000, ContainerPort: 80}, {HostPort: 9000, ContainerPort: 81}}
	refused(t, h, n, second, 7, "9000", "twice")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	n.Del(t, web, result.Raw)
}

// TestPortsAreNotLedToAnAddressOfAnother is a runtime, or a plugin in between, that mixes results up.
func TestPortsAreNotLedToAnAddressOfAnother(t *testing.T) {
	h, n := newDemo(t)
	_, dbResult := attach(t, h, n, "db")
	web, result := attach(t, h, n, "web")
	before := h.Snapshot()
	mixed := string(dbResult.Raw)
	for _, i := range dbResult.Interfaces {
		if i.Sandbox != "" {
			mixed = strings.ReplaceAll(mixed, i.Sandbox, web.Netns)
		}
	}
	ports := testbed.Config{"portMappings": []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
	conf := n.Chain[1].With("prevResult", json.RawMessage(mixed)).With("runtimeConfig", ports)
	answer := n.Plugins.Do(t, testbed.Call{Plugin: "natport", Command: "ADD", Container: "web", Netns: web.Netns, Config: conf.JSON()})
	if e, ok := answer.Error(); !ok || e.Code != 7 || !strings.Contains(e.Message, "10.99.0.2/24 is not one that demo/web/eth0 has") {
		t.Errorf("ADD: %s", answer.Stdout)
	}
	h.Same(t, before)
	n.Del(t, web, result.Raw)
}

func TestARequestedAddressIsGivenOrRefusedNamingItsHolder(t *testing.T) {
	h, n := newDemo(t)
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Args: "IgnoreUnknown=1;IP=10.99.0.77"}
	result := n.Add(t, c)
	if result.IPs[0].Address != "10.99.0.77/24" {
		t.Errorf("addresses %v", result.IPs)
	}
	refused(t, h, n, testbed.Container{ID: "second", Netns: h.NewContainer(), Args: "IP=10.99.0.77"}, 100, "web", "10.99.0.77")
	n.Del(t, c, result.Raw)
	result = n.Add(t, c)
	if result.IPs[0].Address != "10.99.0.77/24" {
		t.Errorf("the same container again: %v", result.IPs)
	}
	n.Del(t, c, result.Raw)
}

func TestAddOverACompleteAttachmentIsRefusedAndOverAHalfMadeOneRepairsIt(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	c, result := attach(t, h, n, "web")
	whole := h.Snapshot()
	answer, _ := n.TryAdd(t, c)
	if e, ok := answer.Error(); !ok || e.Code != 103 {
		t.Errorf("ADD again: %s", answer.Stdout)
	}
	h.Same(t, whole)
	h.Run("ip", "link", "del", result.Interfaces[1].Name)
	result = n.Add(t, c)
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK after the repair: %s", a.Stdout)
	}
	n.Del(t, c, result.Raw)
	h.Same(t, before)
}

func TestOverlappingNetworksAreRefusedNamingTheOther(t *testing.T) {
	h, n := newDemo(t)
	c, result := attach(t, h, n, "web")
	other := n.With(0, "name", "other").With(0, "bridge", "other0").With(1, "name", "other")
	second := testbed.Container{ID: "second", Netns: h.NewContainer()}
	refused(t, h, other, second, 102, "demo", "10.99.0.0/24")
	n.Del(t, c, result.Raw)

	h.Run("ip", "route", "add", "10.99.0.0/16", "via", testbed.LANAddr4)
	refused(t, h, n, second, 102, "10.99.0.0/16", "uplink")
	h.Run("ip", "addr", "add", "10.99.0.200/25", "dev", "uplink")
	refused(t, h, n, second, 102, "10.99.0.200/25", "uplink")
	allowed := n.With(0, "ipam", testbed.Config{"subnet": "10.99.0.0/24", "allowOverlap": true})
	n.Del(t, second, allowed.Add(t, second).Raw)
}

// TestALostOrCorruptStateFileIsRebuiltFromTheMarksInTheKernel: containers live on, and
// nobody gets their addresses or ports.
func TestALostOrCorruptStateFileIsRebuiltFromTheMarksInTheKernel(t *testing.T) {
	damages := map[string]func(path string) error{
		"lost":    os.Remove,
		"torn":    func(path string) error { return os.Truncate(path, 5000) },
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"foreign": func(path string) error { return os.WriteFile(path, []byte("hello\n"), 0o600) },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			before := h.Snapshot()
			web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			if err := damage(filepath.Join(h.StateDir, "state.db")); err != nil {
				t.Fatal(err)
			}
			db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
			if dbResult.IPs[0].Address == webResult.IPs[0].Address {
				t.Errorf("both containers got %s", dbResult.IPs[0].Address)
			}
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "db", "")
			refused(t, h, n, testbed.Container{ID: "third", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}, 101, "web")
			for _, c := range []testbed.Container{web, db} {
				if a := n.Check(t, c, map[string]testbed.Result{"web": webResult, "db": dbResult}[c.ID].Raw); a.Exit != 0 {
					t.Errorf("CHECK of %s: %s", c.ID, a.Stdout)
				}
			}
			n.Del(t, db, dbResult.Raw)
			n.Del(t, web, webResult.Raw)
			h.Sysctl("net/ipv4/ip_forward", "0") // how it was is lost with the state
			h.Sysctl("net/ipv6/conf/all/forwarding", "0")
			h.Same(t, before)
		})
	}
}
