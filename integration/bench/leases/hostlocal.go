package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
)

func buildHostLocal(dir string) (string, error) {
	path := filepath.Join(dir, "host-local")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "github.com/containernetworking/plugins/plugins/ipam/host-local")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build host-local: %w: %s", err, out)
	}
	return path, nil
}

// hostLocal keeps a number of leases, and its config beside them, in dir.
func hostLocal(dir, path string, leases int) contender {
	config := filepath.Join(dir, "config.json")
	call := func(verb string) func() (*exec.Cmd, error) {
		return func() (*exec.Cmd, error) {
			cmd := exec.Command(path)
			cmd.Env = []string{"CNI_COMMAND=" + verb, "CNI_CONTAINERID=measured", "CNI_NETNS=/proc/self/ns/net", "CNI_NETNS_OVERRIDE=1", "CNI_IFNAME=eth0", "CNI_PATH=/"}
			input, err := os.Open(config)
			cmd.Stdin = input
			return cmd, err
		}
	}
	fill := func() error {
		if err := fillDirectory(dir, leases); err != nil {
			return err
		}
		text := fmt.Sprintf(`{"cniVersion":"1.0.0","name":"bench","type":"bridge","ipam":{"type":"host-local","dataDir":%q,"subnet":"10.0.0.0/15"}}`, dir)
		return os.WriteFile(config, []byte(text), 0o600)
	}
	return contender{name: "host-local", fill: fill, allocate: call("ADD"), release: call("DEL")}
}

// fillDirectory writes leases as host-local keeps them: a file for each address.
func fillDirectory(dir string, leases int) error {
	network := filepath.Join(dir, "bench")
	if err := os.MkdirAll(network, 0o755); err != nil {
		return err
	}
	addr := netip.MustParseAddr("10.0.0.1")
	for n := range leases {
		addr = addr.Next()
		if err := os.WriteFile(filepath.Join(network, addr.String()), []byte(owner(n).ContainerID+"\r\neth0"), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(network, "last_reserved_ip.0"), []byte(addr.String()), 0o600)
}
