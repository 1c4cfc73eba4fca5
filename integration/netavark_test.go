package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// podman calls the executable as netavark does, and returns its answer and exit status.
func podman(t *testing.T, input any, args ...string) (answer map[string]any, status int) {
	t.Helper()
	return podmanUnder(t, nil, input, args...)
}

// podmanUnder has another program start the executable.
func podmanUnder(t *testing.T, wrap []string, input any, args ...string) (answer map[string]any, status int) {
	t.Helper()
	words := append(append(slices.Clone(wrap), filepath.Join(string(built), "vethbridge")), args...)
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	var out, complaint bytes.Buffer
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, &complaint
	_ = cmd.Run()
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			t.Fatalf("%v: %v: %s%s", args, err, out.String(), complaint.String())
		}
	}
	return answer, cmd.ProcessState.ExitCode()
}

// podmanNetwork is what podman sends of a network with both families.
func podmanNetwork(h *testbed.Host, name, digit string) testbed.Config {
	return testbed.Config{
		"name": name, "id": strings.Repeat(digit, 64), "driver": "vethbridge", "created": "2026-11-24T10:00:00Z",
		"subnets": []any{
			testbed.Config{"subnet": "10.9" + digit + ".0.0/24", "gateway": "10.9" + digit + ".0.1"},
			testbed.Config{"subnet": "fd9" + digit + "::/64", "gateway": "fd9" + digit + "::1"},
		},
		"ipv6_enabled": true, "internal": false, "dns_enabled": true, "ipam_options": testbed.Config{"driver": "host-local"},
		"options": testbed.Config{"stateDir": h.StateDir}, "network_dns_servers": nil,
	}
}

// podmanContainer is what podman sends of a container that joins a network as the n-th.
func podmanContainer(network testbed.Config, id, ifName, last string, ports ...any) testbed.Config {
	digit := network["id"].(string)[:1]
	return testbed.Config{
		"container_id": strings.Repeat(id, 64), "container_name": "test" + id, "network": network, "port_mappings": ports,
		"network_options": testbed.Config{"interface_name": ifName, "aliases": []any{id}, "static_mac": nil,
			"static_ips": []any{"10.9" + digit + ".0." + last, "fd9" + digit + "::" + last}},
	}
}

// TestPodman5RunsContainersOnOurDriver goes the way of a container through netavark's plugin API:
// the network is created, containers join and leave it, on two networks, with ports.
func TestPodman5RunsContainersOnOurDriver(t *testing.T) {
	h := newHost(t)
	info, status := podman(t, nil, "info")
	if status != 0 || info["api_version"] != "1.0.0" || info["version"] == "" {
		t.Errorf("info: %v, %d", info, status)
	}
	front, status := podman(t, podmanNetwork(h, "front", "3"), "create")
	if status != 0 || front["created"] != "2026-11-24T10:00:00Z" || front["network_interface"] != "vb-333333333333" || front["dns_enabled"] != false {
		t.Fatalf("create: %v, %d", front, status)
	}
	back, _ := podman(t, podmanNetwork(h, "back", "4"), "create")
	before := h.Snapshot()
	web, db := h.NewContainer(), h.NewContainer()
	joins := []struct {
		netns     string
		container testbed.Config
		addresses string
	}{
		{web, podmanContainer(front, "a", "eth0", "20", testbed.Config{"container_port": 80, "host_ip": "", "host_port": 8080, "protocol": "tcp,udp", "range": 1},
			testbed.Config{"container_port": 9000, "host_ip": testbed.HostAddr4, "host_port": 9000, "protocol": "tcp", "range": 100}), "10.93.0.20/24 fd93::20/64"},
		{web, podmanContainer(back, "a", "eth1", "20"), "10.94.0.20/24 fd94::20/64"},
		{db, podmanContainer(back, "b", "eth0", "21"), "10.94.0.21/24 fd94::21/64"},
	}
	for _, j := range joins {
		answer, status := podman(t, j.container, "setup", j.netns)
		text, _ := json.Marshal(answer)
		for _, address := range strings.Fields(j.addresses) {
			if status != 0 || !strings.Contains(string(text), `"ipnet":"`+address+`"`) {
				t.Fatalf("setup: %s, %d, want %s", text, status, j.addresses)
			}
		}
	}
	h.Serve(web, "tcp", 80, "web")
	h.Serve(web, "udp", 80, "web")
	h.Serve(web, "tcp", 9050, "web")
	h.Serve(db, "tcp", 80, "db")
	h.Serve(h.LAN, "tcp", 7000, "lan")
	for _, network := range []string{"tcp", "udp"} {
		expect(t, h, h.LAN, network, testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
		expect(t, h, h.LAN, network, testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 9050, "web", testbed.LANAddr4)
	expect(t, h, "", "tcp", "127.0.0.1", 8080, "web", "")
	expect(t, h, web, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
	expect(t, h, web, "tcp", "10.94.0.21", 80, "db", "10.94.0.20")
	taken := podmanContainer(back, "c", "eth0", "22", testbed.Config{"container_port": 80, "host_ip": "", "host_port": 8080, "protocol": "tcp", "range": 1})
	if answer, status := podman(t, taken, "setup", h.NewContainer()); status != 1 || !strings.Contains(answer["error"].(string), "is held by front/aaaa") {
		t.Errorf("a port that is taken: %v, %d", answer, status)
	}
	for range 2 {
		for _, j := range joins {
			if answer, status := podman(t, j.container, "teardown", j.netns); status != 0 || answer != nil {
				t.Errorf("teardown: %v, %d", answer, status)
			}
		}
	}
	h.Same(t, before)
}

// TestPodmansNetworkIsJudgedWhenItIsCreated: later nobody would look.
func TestPodmansNetworkIsJudgedWhenItIsCreated(t *testing.T) {
	h := newHost(t)
	option := func(name, value string) testbed.Config {
		return testbed.Config{"options": testbed.Config{"stateDir": h.StateDir, name: value}}
	}
	subnet := func(s testbed.Config) testbed.Config { return testbed.Config{"subnets": []any{s}} }
	for name, c := range map[string]struct {
		change testbed.Config
		says   string
	}{
		"unknown option":       {option("MTU", "1400"), `option "MTU" is unknown, did you mean "mtu"?`},
		"number":               {option("mtu", "much"), `option mtu="much": must be a number`},
		"truth":                {option("spoofGuard", "maybe"), `must be true or false`},
		"isolation":            {option("isolate", "maybe"), `must be true, false or strict`},
		"value of a key":       {option("mode", "open"), "vethbridge: validate config: mode"},
		"value for natport":    {option("hostPortRange", "9"), "natport: validate config: hostPortRange"},
		"no subnet":            {testbed.Config{"subnets": nil}, "network front has no subnet"},
		"another IPAM driver":  {testbed.Config{"ipam_options": testbed.Config{"driver": "dhcp"}}, `IPAM driver "dhcp" can't be used`},
		"gateway outside":      {subnet(testbed.Config{"subnet": "10.93.0.0/24", "gateway": "10.94.0.1"}), "gateway"},
		"subnet that is none":  {subnet(testbed.Config{"subnet": "10.93.0.0/240"}), "decode network"},
		"name that is no link": {testbed.Config{"network_interface": "a name"}, "bridge"},
		"several":              {testbed.Config{"subnets": nil, "options": testbed.Config{"mtu": "x", "nat": "y"}}, "has no subnet: give it one or several with --subnet, or --ipam-driver none\noption mtu=\"x\": must be a number\noption \"nat\""},
		"default route":        {option("no_default_route", "maybe"), `no_default_route="maybe": must be true or false`},
		"metric":               {option("metric", "0"), `metric="0": must be a number above 0`},
	} {
		network := podmanNetwork(h, "front", "3")
		for key, value := range c.change {
			network[key] = value
		}
		answer, status := podman(t, network, "create")
		if text, _ := answer["error"].(string); status != 1 || !strings.Contains(text, c.says) {
			t.Errorf("%s: %v, %d, want %q", name, answer, status, c.says)
		}
	}
	early := podmanNetwork(h, "front", "3")
	early["options"] = testbed.Config{"stateDir": "/proc/nowhere"} // a matter of the host, not of the network
	if answer, status := podman(t, early, "create"); status != 0 {
		t.Errorf("a network for which the host is not ready: %v, %d", answer, status)
	}
	if answer, status := podman(t, "nonsense", "setup"); status != 1 || answer["error"] == nil {
		t.Errorf("setup without a namespace: %v, %d", answer, status)
	}
}

// TestALayerTwoNetworkOfPodmanHasNoAddresses is "--ipam-driver none".
func TestALayerTwoNetworkOfPodmanHasNoAddresses(t *testing.T) {
	h := newHost(t)
	network := podmanNetwork(h, "front", "3")
	network["subnets"], network["ipam_options"] = nil, testbed.Config{"driver": "none"}
	created, _ := podman(t, network, "create")
	before := h.Snapshot()
	web := h.NewContainer()
	container := podmanContainer(created, "a", "eth0", "20")
	container["network_options"] = testbed.Config{"interface_name": "eth0", "static_ips": nil, "static_mac": "0a:58:00:00:00:01"}
	answer, status := podman(t, container, "setup", web)
	if text, _ := json.Marshal(answer); status != 0 || !strings.Contains(string(text), `"mac_address":"0a:58:00:00:00:01","subnets":[]`) {
		t.Errorf("setup: %s, %d", text, status)
	}
	if _, status := podman(t, container, "teardown", web); status != 0 {
		t.Error("teardown fails")
	}
	h.Same(t, before)
}

// TestAContainerLeavesANetworkWhoseOptionsAreNoLongerKnown is about a network of another release.
func TestAContainerLeavesANetworkWhoseOptionsAreNoLongerKnown(t *testing.T) {
	h := newHost(t)
	created, _ := podman(t, podmanNetwork(h, "front", "3"), "create")
	before := h.Snapshot()
	web := h.NewContainer()
	container := podmanContainer(created, "a", "eth0", "20")
	if answer, status := podman(t, container, "setup", web); status != 0 {
		t.Fatalf("setup: %v", answer)
	}
	created["options"] = testbed.Config{"unheardOf": "yes", "stateDir": h.StateDir}
	created["ipam_options"] = testbed.Config{"driver": "other"}
	if answer, status := podman(t, container, "setup", web); status != 1 || !strings.Contains(answer["error"].(string), "unheardOf") {
		t.Errorf("setup: %v, %d", answer, status)
	}
	if answer, status := podman(t, container, "teardown", web); status != 0 {
		t.Errorf("teardown: %v", answer)
	}
	h.Same(t, before)
}

// TestTheDefaultRouteOfAPodmanNetworkIsAsItsOptionsSay is about those of podman's own driver.
func TestTheDefaultRouteOfAPodmanNetworkIsAsItsOptionsSay(t *testing.T) {
	h := newHost(t)
	for option, want := range map[string]string{"no_default_route": "", "metric": "metric 1"} {
		network := podmanNetwork(h, "front", "3")
		network["options"] = testbed.Config{"stateDir": h.StateDir, option: "1"}
		created, status := podman(t, network, "create")
		if status != 0 {
			t.Fatalf("create: %v", created)
		}
		before := h.Snapshot()
		web := h.NewContainer()
		container := podmanContainer(created, "a", "eth0", "20")
		if answer, status := podman(t, container, "setup", web); status != 0 {
			t.Fatalf("setup: %v", answer)
		}
		for _, family := range []string{"-4", "-6"} {
			routes := h.RunIn(web, "ip", family, "route", "show", "default")
			if (routes == "") != (want == "") || !strings.Contains(routes, want) {
				t.Errorf("%s: the default route is %q, want %q", option, routes, want)
			}
		}
		podman(t, container, "teardown", web)
		h.Same(t, before)
	}
}

// TestAnInternalNetworkOfPodmanHasNoGateway: podman gives away the address that would be one.
func TestAnInternalNetworkOfPodmanHasNoGateway(t *testing.T) {
	h := newHost(t)
	network := podmanNetwork(h, "front", "3")
	network["internal"], network["subnets"] = true, []any{testbed.Config{"subnet": "10.93.0.0/24"}}
	created, _ := podman(t, network, "create")
	before := h.Snapshot()
	web := h.NewContainer()
	container := podmanContainer(created, "a", "eth0", "1")
	container["network_options"] = testbed.Config{"interface_name": "eth0", "static_ips": []any{"10.93.0.1"}}
	answer, status := podman(t, container, "setup", web)
	if text, _ := json.Marshal(answer); status != 0 || !strings.Contains(string(text), `"subnets":[{"ipnet":"10.93.0.1/24"}]`) {
		t.Errorf("setup: %s, %d", text, status)
	}
	podman(t, container, "teardown", web)
	h.Same(t, before)
}
