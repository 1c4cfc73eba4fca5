package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/containernetworking/cni/libcni"
	cni "github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"

	"vethbridge/integration/testbed"
)

// caller calls a sample conflist by the library that most runtimes use.
type caller struct {
	t    *testing.T
	h    *testbed.Host
	lib  *libcni.CNIConfig
	list *libcni.NetworkConfigList
}

// newCaller takes a sample as it is, apart from the state directory and what else is replaced.
func newCaller(t *testing.T, h *testbed.Host, file string, replace ...string) caller {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(confDir, file))
	if err != nil {
		t.Fatal(err)
	}
	replaced := strings.NewReplacer(append(replace, `"type":`, `"stateDir": "`+h.StateDir+`", "type":`)...).Replace(string(text))
	list, err := libcni.ConfListFromBytes([]byte(replaced))
	if err != nil {
		t.Fatal(err)
	}
	return caller{t, h, libcni.NewCNIConfigWithCacheDir([]string{string(built)}, t.TempDir(), nil), list}
}

func (c caller) add(rt *libcni.RuntimeConf) *current.Result {
	c.t.Helper()
	raw, err := c.lib.AddNetworkList(c.t.Context(), c.list, rt)
	if err != nil {
		c.t.Fatalf("ADD of %s: %v", rt.ContainerID, err)
	}
	result, err := current.GetResult(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return result
}

func (c caller) check(rt *libcni.RuntimeConf) {
	c.t.Helper()
	if err := c.lib.CheckNetworkList(c.t.Context(), c.list, rt); err != nil {
		c.t.Errorf("CHECK of %s: %v", rt.ContainerID, err)
	}
}

func (c caller) del(rt *libcni.RuntimeConf) {
	c.t.Helper()
	if err := c.lib.DelNetworkList(c.t.Context(), c.list, rt); err != nil {
		c.t.Errorf("DEL of %s: %v", rt.ContainerID, err)
	}
}

func (c caller) status() error { return c.lib.GetStatusNetworkList(c.t.Context(), c.list) }

// gc passes both keys; null if nothing is valid.
func (c caller) gc(valid ...cni.GCAttachment) {
	c.t.Helper()
	if err := c.lib.GCNetworkList(c.t.Context(), c.list, &libcni.GCArgs{ValidAttachments: valid}); err != nil {
		c.t.Errorf("GC: %v", err)
	}
}

// passed tells a line of the table of conformance, as the tests with real runtimes do.
func (c caller) passed(name, verb, what string) {
	c.t.Helper()
	tellConformance(c.t, name, "calls by libcni "+moduleVersion(c.t, "github.com/containernetworking/cni"), verb, what)
}

func tellConformance(t *testing.T, name, version, verb, what string) {
	t.Helper()
	result := "ok"
	if t.Failed() {
		result = "FAILED"
	}
	t.Logf("conformance: %s | %s | %s | %s | %s", name, version, verb, what, result)
}

// moduleVersion is that of a module that go.mod names.
func moduleVersion(t *testing.T, module string) string {
	t.Helper()
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(regexp.QuoteMeta(module) + ` v(\S+)`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("go.mod does not name %s", module)
	}
	return string(found[1])
}

// pod is what CRI-O says of a sandbox.
func (c caller) pod(id string) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: id, NetNS: c.h.NewContainer(), IfName: "eth0",
		Args: [][2]string{
			{"IgnoreUnknown", "1"}, {"K8S_POD_NAMESPACE", "default"}, {"K8S_POD_NAME", id},
			{"K8S_POD_INFRA_CONTAINER_ID", id}, {"K8S_POD_UID", id},
		},
		CapabilityArgs: map[string]any{"cgroupPath": "/kubepods.slice/" + id, "io.kubernetes.cri.pod-annotations": map[string]string{"a": "b"}},
	}
}

// TestCRIOsWayOfCallingWorks: GC at the start without pods, STATUS again and again, CHECK right
// after ADD, DEL with a namespace and once more without, GC after a restart.
func TestCRIOsWayOfCallingWorks(t *testing.T) {
	h := newHost(t)
	c := newCaller(t, h, "crio.conflist")
	c.gc()
	c.passed("CRI-O", "GC", "at the start, both lists null")
	before := h.Snapshot()
	ready := func() {
		t.Helper()
		for range 4 {
			if err := c.status(); err != nil {
				t.Errorf("STATUS: %v", err)
			}
		}
	}
	ready()
	web, db, lost := c.pod("web"), c.pod("db"), c.pod("lost")
	address := c.add(web).IPs[0].Address.IP.String()
	c.check(web)
	alone := h.Snapshot()
	c.add(db)
	c.check(db)
	c.passed("CRI-O", "CHECK", "right after ADD")
	h.Serve(web.NetNS, "tcp", 80, "web")
	h.Serve(h.LAN, "tcp", 7000, "lan")
	expect(t, h, db.NetNS, "tcp", address, 80, "web", "")
	expect(t, h, web.NetNS, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	c.passed("CRI-O", "ADD", "reaches gateway, sibling and LAN")
	both := h.Snapshot()
	c.add(lost)
	ready()
	c.passed("CRI-O", "STATUS", "again and again, meanwhile")
	c.gc(cni.GCAttachment{ContainerID: "web", IfName: "eth0"}, cni.GCAttachment{ContainerID: "db", IfName: "eth0"})
	h.Same(t, both)
	c.check(web)
	c.passed("CRI-O", "GC", "after a restart: pods that are gone are collected, others stay")
	c.del(db)
	h.Same(t, alone)
	db.NetNS = ""
	c.del(db)
	h.Same(t, alone)
	c.gc()
	forgetBridge(h, c.list)
	h.Same(t, before)
	c.passed("CRI-O", "DEL", "no link, rule, lease or record is left")
}

func TestCRIOHearsThatANetworkIsFull(t *testing.T) {
	h := newHost(t)
	c := newCaller(t, h, "crio.conflist", "10.85.0.0/16", "10.85.0.0/30")
	only := c.pod("only")
	c.add(only)
	if err := c.status(); err == nil || !strings.Contains(err.Error(), "1 of 1 in use") {
		t.Errorf("STATUS: %v", err)
	}
	c.del(only)
	if err := c.status(); err != nil {
		t.Errorf("STATUS: %v", err)
	}
	c.passed("CRI-O", "STATUS", "a network without a free address says so")
}

// allocation is what Nomad says of one: each port for tcp and for udp, on an address of the host,
// in keys that begin with a capital.
func (c caller) allocation(id string, hostPort int) *libcni.RuntimeConf {
	var ports []any
	for _, protocol := range []string{"tcp", "udp"} {
		ports = append(ports, map[string]any{"HostPort": hostPort, "ContainerPort": 80, "Protocol": protocol, "HostIP": testbed.HostAddr4})
	}
	return &libcni.RuntimeConf{
		ContainerID: id, NetNS: c.h.NewContainer(), IfName: "eth0",
		Args:           [][2]string{{"IgnoreUnknown", "true"}, {"NOMAD_JOB_ID", "job"}, {"NOMAD_ALLOC_ID", id}},
		CapabilityArgs: map[string]any{"portMappings": ports},
	}
}

// TestNomadsWayOfCallingWorks: an ADD that fails is tried three times without a DEL in between, and
// the first error is the one that is told; CHECK comes when the agent restarts, DEL also when the namespace is gone.
func TestNomadsWayOfCallingWorks(t *testing.T) {
	const webID, lateID = "6b235529-8111-4bbe-520b-d639b1d2a94e", "0a0f1b2c-8111-4bbe-520b-d639b1d2a94e"
	h := newHost(t)
	c := newCaller(t, h, "nomad.conflist")
	before := h.Snapshot()
	web, late := c.allocation(webID, 25000), c.allocation(lateID, 25000)
	c.add(web)
	for _, network := range []string{"tcp", "udp"} {
		h.Serve(web.NetNS, network, 80, "web")
		expect(t, h, h.LAN, network, testbed.HostAddr4, 25000, "web", testbed.LANAddr4)
	}
	c.passed("Nomad", "ADD", "a port for tcp and udp, on an address of the host")
	alone := h.Snapshot()
	for _, says := range []string{"is held by allocations/" + webID, "is attached already", "is attached already"} {
		_, err := c.lib.AddNetworkList(t.Context(), c.list, late)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ADD of a port that is taken: %v, want %q", err, says)
		}
	}
	c.del(late)
	h.Same(t, alone)
	c.passed("Nomad", "ADD", "tried three times in vain, without a DEL")
	c.check(web)
	c.passed("Nomad", "CHECK", "when the agent restarts")
	late.CapabilityArgs = c.allocation(lateID, 25001).CapabilityArgs
	c.add(late)
	h.Forget(web.NetNS)
	c.del(web)
	c.del(late)
	h.Same(t, before)
	c.passed("Nomad", "DEL", "the namespace is gone")
}
