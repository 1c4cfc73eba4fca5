package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

const referencePlugins = "github.com/containernetworking/plugins"

// build builds what ours is compared with, in the same way as ours but for the inlining, installs all, and
// notes the versions.
func (b *bench) build() error {
	built := filepath.Join(b.dir, "built")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", built+"/", "./floor", "./floorplugin", "./leases",
		referencePlugins+"/plugins/main/bridge", referencePlugins+"/plugins/ipam/host-local", referencePlugins+"/plugins/meta/portmap")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the contenders: %w: %s", err, out)
	}
	ours := filepath.Join(b.bin, "ours")
	if err := errors.Join(install(built, b.reference()), install(b.ours, ours)); err != nil {
		return err
	}
	b.ours = ours
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

// install copies executables, as an installation does. As a linker leaves a file, by writing to a mapping of it, it lies in the
// page cache in single pages, from which a process takes 0.3 ms longer to start than from what was written in long pieces.
func install(from, to string) error {
	if out, err := exec.Command("cp", "--recursive", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("install executables: %w: %s", err, out)
	}
	return nil
}

func (b *bench) reference() string { return filepath.Join(b.bin, "reference") }

func (b *bench) floor() string { return filepath.Join(b.reference(), "floor") }
