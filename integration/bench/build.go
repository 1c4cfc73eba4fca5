package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

const referencePlugins = "github.com/containernetworking/plugins"

// build builds what ours is compared with, in the same way as ours but for the inlining, and
// notes the versions.
func (b *bench) build() error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", b.reference()+"/", "./floor", "./floorplugin", "./leases",
		referencePlugins+"/plugins/main/bridge", referencePlugins+"/plugins/ipam/host-local", referencePlugins+"/plugins/meta/portmap")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the contenders: %w: %s", err, out)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", referencePlugins).Output()
	if err != nil {
		return fmt.Errorf("ask for the version of the reference plugins: %w", err)
	}
	b.Versions["reference plugins"] = strings.TrimSpace(string(out))
	for program, version := range map[string]string{"iptables": "iptables --version", "nft": "nft --version", "iperf3": "iperf3 --version"} {
		words := strings.Fields(version)
		out, err := exec.Command(words[0], words[1:]...).Output()
		if err != nil {
			return fmt.Errorf("%s: %w", version, err)
		}
		b.Versions[program] = strings.TrimPrefix(strings.Fields(string(out))[1], "v")
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/containernetworking/cni" {
				b.Versions["libcni"] = d.Version
			}
		}
	}
	return nil
}

func (b *bench) reference() string { return filepath.Join(b.dir, "bin") }

func (b *bench) floor() string { return filepath.Join(b.reference(), "floor") }
