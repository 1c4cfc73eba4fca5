package iptables

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"vethbridge/internal/xtables"
)

// Variant tells which tables of the kernel the programs work on.
type Variant uint8

// The variants of iptables. Their rules don't see each other.
const (
	NFT    Variant = iota + 1 // nftables
	Legacy                    // tables of their own
)

// String returns the variant as it stands in the names of programs.
func (v Variant) String() string {
	switch v {
	case NFT:
		return "nft"
	case Legacy:
		return "legacy"
	}
	return fmt.Sprintf("variant(%d)", uint8(v))
}

// save reads all tables that there are. With "-t" it would make those that are not there.
func (b *Backend) save(ctx context.Context, f family) (saved, error) {
	text, err := b.run(ctx, f, "save", "")
	return readSaved(text), err
}

func (b *Backend) restore(ctx context.Context, f family, input string) error {
	_, err := b.run(ctx, f, "restore", input, "--noflush", "-w", xtables.LockLimit)
	return err
}

// Installed returns the variant that this host uses, which is that of the program "iptables".
func Installed(ctx context.Context) (Variant, error) { return variantOf(ctx, "iptables") }

// variantOf goes by the name that a program leads to. Only where that says nothing it asks the
// program, which takes a few milliseconds.
func variantOf(ctx context.Context, name string) (Variant, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return 0, fmt.Errorf("find program: %w", err)
	}
	says, err := filepath.EvalSymlinks(path)
	if says = filepath.Base(says); err != nil || !strings.Contains(says, "nft") && !strings.Contains(says, "legacy") {
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return 0, fmt.Errorf("run %s --version: %w", path, err)
		}
		says = string(out)
	}
	if strings.Contains(says, "nft") || strings.Contains(says, "nf_tables") {
		return NFT, nil
	}
	return Legacy, nil
}

// find returns the name of a program of the variant: the one that says so, or the one that
// has no variant in its name and is of it.
func (b *Backend) find(ctx context.Context, program, what string) (string, error) {
	name := program + "-" + b.variant.String() + "-" + what
	_, missing := exec.LookPath(name)
	if missing == nil {
		return name, nil
	}
	plain := program + "-" + what
	if variant, err := variantOf(ctx, plain); err == nil && variant == b.variant {
		return plain, nil
	}
	return "", fmt.Errorf("find program: %w", missing)
}

// run starts a program in the network namespace of the calling thread.
func (b *Backend) run(ctx context.Context, f family, what, input string, args ...string) (string, error) {
	name, err := b.find(ctx, f.program, what)
	if err != nil {
		return "", err
	}
	return xtables.Run(ctx, name, input, args...)
}
