package iptables

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/filelock"
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
func (b *Backend) save(ctx context.Context, f *family) (saved, error) {
	text, err := b.run(ctx, f, "save", "")
	return readSaved(text), err
}

func (b *Backend) restore(ctx context.Context, f *family, input string) error {
	_, err := b.run(ctx, f, "restore", input, "--noflush", "-w", strconv.Itoa(lockLimit))
	return err
}

// Installed returns the variant that this host uses, which is that of the program "iptables".
func Installed(ctx context.Context) (Variant, error) { return variantOf(ctx, "iptables") }

// variantOf goes by the name that a program leads to. Only where that says nothing it asks the
// program, which takes a few milliseconds.
func variantOf(ctx context.Context, name string) (Variant, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return 0, failure.To("find program", err)
	}
	says, err := filepath.EvalSymlinks(path)
	if says = filepath.Base(says); err != nil || !strings.Contains(says, "nft") && !strings.Contains(says, "legacy") {
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return 0, failure.To("run "+path+" --version", err)
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
	return "", failure.To("find program", missing)
}

// run starts a program in the network namespace of the calling thread.
func (b *Backend) run(ctx context.Context, f *family, what, input string, args ...string) (string, error) {
	name, err := b.find(ctx, f.program, what)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL} // it must not go on after a kill of ours
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &complaint
	if err := cmd.Run(); err != nil {
		says := strings.TrimSpace(complaint.String())
		if strings.Contains(says, "xtables lock") {
			says += " It is held by " + filelock.HolderOf(cmp.Or(os.Getenv("XTABLES_LOCKFILE"), xtablesLock)) + "."
		}
		return "", fmt.Errorf("run %s: %w: %s", name, err, says)
	}
	return out.String(), nil
}

// lockTaken is how a program ends that did not get the lock (RESOURCE_PROBLEM in
// include/xtables.h of iptables).
const lockTaken = 4

// refused tells a program that did not like its input from one that could not work.
func refused(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() != lockTaken
}

// xtablesLock is the file that the programs of the legacy variant lock (XT_LOCK_NAME in
// iptables/xshared.h).
const xtablesLock = "/run/xtables.lock"
