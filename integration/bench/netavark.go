package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// netavark is called as podman calls it; the addresses are given, as podman gives them.
type netavark struct {
	debian
	scenario scenario
}

func (b *bench) newNetavark(s scenario, h *host) (attacher, error) {
	in, err := b.newDebian(h)
	if err != nil {
		return nil, err
	}
	n := netavark{in, s}
	b.Versions["netavark"], err = in.version(netavarkProgram)
	return n, err
}

const netavarkProgram = "/usr/lib/podman/netavark"

func (n netavark) add(c container) error { return n.call("setup", c) }

func (n netavark) del(c container) error { return n.call("teardown", c) }

// call starts the program with the other Debian as its root, without a process in between.
func (n netavark) call(verb string, c container) error {
	text, err := json.Marshal(n.options(c))
	if err != nil {
		return err
	}
	cmd := &exec.Cmd{
		Path: netavarkProgram, Args: []string{"netavark", "--config", "/run/netavark", verb, fmt.Sprintf("/proc/%d/root%s", os.Getpid(), c.netns)},
		Env: []string{"PATH=/usr/sbin:/usr/bin"}, Dir: "/", Stdin: bytes.NewReader(text), SysProcAttr: &syscall.SysProcAttr{Chroot: n.root},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("netavark %s: %w: %s", verb, err, out)
	}
	return nil
}

// options is what podman writes to netavark.
func (n netavark) options(c container) config {
	var ports []any
	for _, p := range n.scenario.portMappings(c) {
		ports = append(ports, config{"container_port": p["containerPort"], "host_port": p["hostPort"], "host_ip": "", "protocol": "tcp", "range": 1})
	}
	return config{
		"container_id": strings.Repeat(fmt.Sprintf("%08x", c.number+1), 8), "container_name": c.id(), "port_mappings": ports,
		"networks": config{"bench": config{"interface_name": "eth0", "static_ips": []string{fmt.Sprintf("10.99.%d.%d", (c.number+2)>>8, (c.number+2)&0xff)}}},
		"network_info": config{"bench": config{
			"name": "bench", "id": strings.Repeat("b", 64), "driver": "bridge", "network_interface": "bench0",
			"subnets":      []any{config{"subnet": "10.99.0.0/16", "gateway": "10.99.0.1"}},
			"ipv6_enabled": false, "internal": false, "dns_enabled": false, "ipam_options": config{"driver": "host-local"},
		}},
	}
}
