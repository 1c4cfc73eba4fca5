package integration

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containernetworking/cni/libcni"

	"vethbridge/integration/testbed"
)

const confDir = "../conf"

// TestEverySampleConflistWorksWithCnitool runs each conflist as it stands: ADD of two
// containers, CHECK, STATUS, packets between them, DEL of one, GC of the other. Where natport is in it, packets
// from the LAN through a host port, and out to the LAN too.
func TestEverySampleConflistWorksWithCnitool(t *testing.T) {
	files, err := filepath.Glob(confDir + "/*.conflist")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample conflists: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			runConflist(t, confDir, file)
		})
	}
	version := "cnitool " + moduleVersion(t, "github.com/containernetworking/cni")
	for _, verb := range []string{"ADD", "CHECK", "STATUS", "DEL"} {
		tellConformance(t, "cnitool", version, verb, "every sample in conf/ as it is")
	}
	tellConformance(t, "cnitool", version, "GC", "all that it knows of is released, and a call without a list refused")
}

// runConflist runs a file of a directory of conflists on a host of its own.
func runConflist(t *testing.T, dir, file string) {
	t.Helper()
	list, err := libcni.ConfListFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	h.Run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth9", "netns", h.LANFile()) // for an uplink
	h.Run("ip", "link", "set", "eth0", "up")
	h.RunIn(h.LAN, "ip", "link", "set", "eth9", "up")
	h.WaitCarrier("eth0")
	tool := h.NewCNITool(built, dir)
	leaseSubnet(t, tool)
	before := h.Snapshot()
	runSample(t, h, tool, list)
	forgetBridge(h, list)
	h.Same(t, before)
}

// leaseSubnet is what flanneld does for conflists that name its file.
func leaseSubnet(t *testing.T, tool testbed.CNITool) {
	t.Helper()
	dir := filepath.Join(filepath.Dir(tool.StateDir()), "flannel")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "subnet.env"), []byte(subnetEnv), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func runSample(t *testing.T, h *testbed.Host, tool testbed.CNITool, list *libcni.NetworkConfigList) {
	t.Helper()
	port := testbed.Port{HostPort: 8080, ContainerPort: 80, Protocol: "tcp"}
	web, db := h.NewContainer(), h.NewContainer()
	address := firstAddress(t, tool.Must(t, "add", list.Name, web, port))
	tool.Must(t, "add", list.Name, db)
	h.Serve(web, "tcp", 80, "web")
	tool.Must(t, "check", list.Name, web, port)
	tool.Must(t, "status", list.Name, web)
	if address == "" {
		address = switched(h, web, db)
	}
	expect(t, h, db, "tcp", address, 80, "web", "")
	if len(list.Plugins) > 1 {
		h.Serve(h.LAN, "tcp", 7000, "lan")
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
		expect(t, h, web, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	}
	tool.Must(t, "del", list.Name, db)
	collectAll(t, tool, list.Name, web)
}

// collectAll has cnitool release all that it knows of. It calls DEL for each, and then GC without
// the list that the specification wants, which is refused.
func collectAll(t *testing.T, tool testbed.CNITool, network, netns string) {
	t.Helper()
	out, err := tool.Do(t, "gc", network, netns)
	if err != nil && !strings.Contains(out, "has no cni.dev/valid-attachments") {
		t.Errorf("gc: %v: %s", err, out)
	}
}

// firstAddress returns the first address of a result; a network without IPAM has none.
func firstAddress(t *testing.T, result string) string {
	t.Helper()
	var r testbed.Result
	if err := json.Unmarshal([]byte(result), &r); err != nil {
		t.Fatalf("result: %v: %s", err, result)
	}
	if len(r.IPs) == 0 {
		return ""
	}
	address, _, _ := strings.Cut(r.IPs[0].Address, "/")
	return address
}

// switched gives two containers on a mere switch addresses by hand, and returns the first's.
func switched(h *testbed.Host, web, db string) string {
	h.RunIn(web, "ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
	h.RunIn(db, "ip", "addr", "add", "192.0.2.2/24", "dev", "eth0")
	return "192.0.2.1"
}

// forgetBridge removes the bridge of a conflist that doesn't ask for that.
func forgetBridge(h *testbed.Host, list *libcni.NetworkConfigList) {
	var conf struct {
		Bridge       string
		RemoveBridge bool
	}
	if json.Unmarshal(list.Plugins[0].Bytes, &conf) == nil && !conf.RemoveBridge {
		h.Run("ip", "link", "del", conf.Bridge)
	}
}
