package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vethbridge/internal/netns"
)

const (
	fullSubnet = "10.0.0.0/16"
	fullLeases = 1<<16 - 3 // less the network, its broadcast address and the gateway
	self       = "/proc/self/ns/net"
)

// exhausted has the built plugin ask a full /16, whose attachments all live, for one more
// address: at first it looks whether any of them is dead, and then rests from that.
func (r *report) exhausted(dir, plugins string) error {
	alive, err := netns.Identify(self)
	if err != nil {
		return err
	}
	if err := fillBook(dir, fullSubnet, fullLeases, alive); err != nil {
		return err
	}
	container := exec.Command("sleep", "600")
	container.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := container.Start(); err != nil {
		return err
	}
	defer func() { _, _ = container.Process.Kill(), container.Wait() }()
	full := full{dir, plugins, container.Process.Pid}
	first, err := full.call("ADD", refusal)
	if err != nil {
		return err
	}
	adds, starts, err := full.turns(100)
	if err != nil {
		return err
	}
	const scenario = "a full /16, whole process"
	r.add(scenario, "first refusal, after a look at all attachments", "ours", first)
	r.add(scenario, "refusal", "ours", adds...)
	r.add(scenario, "start of the plugin alone (VERSION)", "ours", starts...)
	return nil
}

// full is a network without a free address, and a container that asks for one.
type full struct {
	dir, plugins string
	container    int
}

var refusal = fmt.Sprintf("%d of %d in use", fullLeases, fullLeases)

func (f full) turns(rounds int) (adds, starts []time.Duration, err error) {
	for range rounds {
		add, err := f.call("ADD", refusal)
		if err != nil {
			return nil, nil, err
		}
		start, err := f.call("VERSION", "supportedVersions")
		if err != nil {
			return nil, nil, err
		}
		adds, starts = append(adds, add), append(starts, start)
	}
	return adds, starts, nil
}

// call calls the plugin and wants a word in its answer.
func (f full) call(verb, word string) (time.Duration, error) {
	var answer bytes.Buffer
	cmd := exec.Command(filepath.Join(f.plugins, "vethbridge"))
	cmd.Env = []string{"CNI_COMMAND=" + verb, "CNI_CONTAINERID=late", fmt.Sprintf("CNI_NETNS=/proc/%d/ns/net", f.container), "CNI_IFNAME=eth0", "CNI_PATH=/"}
	cmd.Stdin = strings.NewReader(fmt.Sprintf(
		`{"cniVersion":"1.0.0","name":"bench","type":"vethbridge","bridge":"bench0","stateDir":%q,"ipam":{"subnet":%q}}`, f.dir, fullSubnet))
	cmd.Stdout, cmd.Stderr = &answer, os.Stderr
	begin := time.Now()
	_ = cmd.Run()
	took := time.Since(begin)
	if !strings.Contains(answer.String(), word) {
		return 0, fmt.Errorf("%s on a full network: %s", verb, answer.String())
	}
	return took, nil
}
