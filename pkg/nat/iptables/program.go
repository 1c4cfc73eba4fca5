package iptables

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
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

// lockLimit is how many seconds a program waits for the lock of the legacy variant.
const lockLimit = 5

// save reads all tables that there are. With "-t" it would make those that are not there.
func (b *Backend) save(ctx context.Context, f family) (saved, error) {
	text, err := b.run(ctx, f, "save", "")
	return readSaved(text), err
}

func (b *Backend) restore(ctx context.Context, f family, input string) error {
	_, err := b.run(ctx, f, "restore", input, "--noflush", "-w", strconv.Itoa(lockLimit))
	return err
}

// run starts a program in the network namespace of the calling thread.
func (b *Backend) run(ctx context.Context, f family, what, input string, args ...string) (string, error) {
	name := f.program + "-" + b.variant.String() + "-" + what
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("run %s: %w: %s", name, err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}
