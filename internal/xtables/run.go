package xtables

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/filelock"
)

// LockLimit is how many seconds a program is to wait for the lock of the legacy variant (option -w).
const LockLimit = "5"

// How programs end (enum xtables_exittype in include/xtables.h of iptables).
const (
	otherProblem    = 1 // for -C and -S too: there is no such rule or chain
	resourceProblem = 4 // the lock was not to be had
)

// lockFile is what the programs of the legacy variant lock (XT_LOCK_NAME in iptables/xshared.h).
const lockFile = "/run/xtables.lock"

// Run starts a program in the network namespace of the calling thread and returns what it prints.
// The error has its complaint, and names who holds the lock if that was in the way.
func Run(ctx context.Context, program, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL} // it must not go on after a kill of ours
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &complaint
	if err := cmd.Run(); err != nil {
		says := strings.TrimSpace(complaint.String())
		if strings.Contains(says, "xtables lock") {
			says += " It is held by " + filelock.HolderOf(cmp.Or(os.Getenv("XTABLES_LOCKFILE"), lockFile)) + "."
		}
		return "", fmt.Errorf("run %s: %w: %s", program, err, says)
	}
	return out.String(), nil
}

// Refused tells a program that did not like its input from one that could not work.
func Refused(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() != resourceProblem
}

// Missing reports whether a program says that there is no such rule or chain.
func Missing(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == otherProblem
}
