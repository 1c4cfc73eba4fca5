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
func exhausted(dir, plugins string) error {
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
	ask := func() (time.Duration, error) { return refusedAdd(dir, plugins, container.Process.Pid) }
	first, err := ask()
	if err != nil {
		return err
	}
	var times []time.Duration
	for range 100 {
		took, err := ask()
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	fmt.Printf("\nADD to a full /16, whole process: the first %.0f ms, with a look at all attachments, then %.2f ms\n",
		float64(first)/float64(time.Millisecond), median(times))
	return nil
}

// refusedAdd calls the plugin and wants it to say that no address is free.
func refusedAdd(dir, plugins string, container int) (time.Duration, error) {
	var answer bytes.Buffer
	cmd := exec.Command(filepath.Join(plugins, "vethbridge"))
	cmd.Env = []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=late", fmt.Sprintf("CNI_NETNS=/proc/%d/ns/net", container), "CNI_IFNAME=eth0", "CNI_PATH=/"}
	cmd.Stdin = strings.NewReader(fmt.Sprintf(
		`{"cniVersion":"1.0.0","name":"bench","type":"vethbridge","bridge":"bench0","stateDir":%q,"ipam":{"subnet":%q}}`, dir, fullSubnet))
	cmd.Stdout, cmd.Stderr = &answer, os.Stderr
	begin := time.Now()
	_ = cmd.Run()
	took := time.Since(begin)
	if !strings.Contains(answer.String(), fmt.Sprintf("%d of %d in use", fullLeases, fullLeases)) {
		return 0, fmt.Errorf("ADD to a full network: %s", answer.String())
	}
	return took, nil
}
