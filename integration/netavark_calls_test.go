package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// web80 publishes port 80 as 8080.
var web80 = testbed.Config{"container_port": 80, "host_ip": "", "host_port": 8080, "protocol": "tcp", "range": 1}

// TestPodmansDriverStartsNatportWherePortsArePublishedAndNothingElse traces all calls of the driver.
func TestPodmansDriverStartsNatportWherePortsArePublishedAndNothingElse(t *testing.T) {
	h := newHost(t)
	n, started := traced(t, testbed.Network{})
	call := func(want string, input any, args ...string) (answer map[string]any) {
		t.Helper()
		answer, status := podmanUnder(t, n.Wrap, input, args...)
		var names []string
		for _, line := range started() {
			_, after, _ := strings.Cut(line, `execve("`)
			path, _, _ := strings.Cut(after, `"`)
			names = append(names, filepath.Base(path))
		}
		if strings.Join(names, " ") != want || status != 0 {
			t.Errorf("%v: %d, %v, started %v, want %s", args, status, answer, names, want)
		}
		n, started = traced(t, n)
		return answer
	}
	call("vethbridge", nil, "info")
	front := call("vethbridge natport", podmanNetwork(h, "front", "3"), "create")
	web := h.NewContainer()
	for want, container := range map[string]testbed.Config{
		"vethbridge":         podmanContainer(front, "a", "eth0", "20"),
		"vethbridge natport": podmanContainer(front, "b", "eth0", "21", web80),
	} {
		call(want, container, "setup", web)
		call("vethbridge", container, "teardown", web)
	}
}

// TestAContainerWithoutPortsLeavesWithTheHostsAddress has nobody but vethbridge care for that, in each
// backend that the network may want.
func TestAContainerWithoutPortsLeavesWithTheHostsAddress(t *testing.T) {
	for option, want := range map[string]string{
		"":                                   testbed.HostAddr4,
		"backend=iptables":                   testbed.HostAddr4,
		"ipMasqBackend=iptables":             testbed.HostAddr4,
		"ipMasq=false":                       "10.93.0.20",
		"nonMasqueradeCIDRs=198.51.100.0/24": "10.93.0.20",
	} {
		t.Run(option, func(t *testing.T) {
			h := newHost(t)
			network := podmanNetwork(h, "front", "3")
			if key, value, given := strings.Cut(option, "="); given {
				network["options"].(testbed.Config)[key] = value
			}
			created, status := podman(t, network, "create")
			if status != 0 {
				t.Fatalf("create: %v", created)
			}
			web := h.NewContainer()
			container := podmanContainer(created, "a", "eth0", "20")
			podman(t, container, "setup", web)
			podman(t, container, "teardown", web) // the chains of iptables are there from now on
			before := h.Snapshot()
			if answer, status := podman(t, container, "setup", web); status != 0 {
				t.Fatalf("setup: %v", answer)
			}
			h.Serve(h.LAN, "tcp", 7000, "lan")
			h.RunIn(h.LAN, "ip", "route", "add", "10.93.0.0/24", "via", testbed.HostAddr4)
			expect(t, h, web, "tcp", testbed.LANAddr4, 7000, "lan", want)
			podman(t, container, "teardown", web)
			h.Same(t, before)
		})
	}
}

// TestAnIsolatedNetworkOfPodmanIsNotMasqueraded: it would be refused with "ipMasq".
func TestAnIsolatedNetworkOfPodmanIsNotMasqueraded(t *testing.T) {
	h := newHost(t)
	network := podmanNetwork(h, "front", "3")
	network["options"].(testbed.Config)["mode"] = "isolated"
	created, status := podman(t, network, "create")
	if status != 0 {
		t.Fatalf("create: %v", created)
	}
	web := h.NewContainer()
	if answer, status := podman(t, podmanContainer(created, "a", "eth0", "20"), "setup", web); status != 0 {
		t.Errorf("setup: %v", answer)
	}
}

// TestAnAttachmentThatPodmanNeverHearsOfIsTakenBack closes the driver's output before its answer.
func TestAnAttachmentThatPodmanNeverHearsOfIsTakenBack(t *testing.T) {
	h := newHost(t)
	created, _ := podman(t, podmanNetwork(h, "front", "3"), "create")
	before := h.Snapshot()
	text, err := json.Marshal(podmanContainer(created, "a", "eth0", "20", web80))
	if err != nil {
		t.Fatal(err)
	}
	unheard, answer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	unheard.Close()
	cmd := exec.Command(filepath.Join(string(built), "vethbridge"), "setup", h.NewContainer())
	cmd.Stdin, cmd.Stdout = bytes.NewReader(text), answer
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("setup: %v", err)
	}
	h.Same(t, before)
}

// TestANetworkInAVLANHasABridgeWhoseNameLeavesRoomForIt: the gateway is on a link of that name with the VLAN behind it.
func TestANetworkInAVLANHasABridgeWhoseNameLeavesRoomForIt(t *testing.T) {
	h := newHost(t)
	network := podmanNetwork(h, "red", "3")
	network["options"] = testbed.Config{"vlan": "4094", "stateDir": h.StateDir}
	if created, status := podman(t, network, "create"); status != 0 || created["network_interface"] != "vb-3333333" {
		t.Errorf("create: %v, %d", created, status)
	}
}
