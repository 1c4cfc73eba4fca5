package forward

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"vethbridge/internal/xtables"
)

// program is iptables of one firewall, by its path.
type program string

// open finds the program: that of the variant, or the one without a variant in its name.
func (f Firewall) open() (program, error) {
	path, err := exec.LookPath(f.String())
	if errors.Is(err, exec.ErrNotFound) {
		path, err = exec.LookPath(strings.TrimSuffix(strings.TrimSuffix(f.String(), "-nft"), "-legacy"))
	}
	if err != nil {
		return "", fmt.Errorf("find program %s: %w", f, err)
	}
	return program(path), nil
}

func (p program) run(table string, args ...string) (string, error) {
	return xtables.Run(context.Background(), string(p), "", append([]string{"-w", xtables.LockLimit, "-t", table}, args...)...)
}

// change makes one change to the filter table.
func (p program) change(args ...string) error {
	_, err := p.run("filter", args...)
	return err
}

// list lists the rules of a chain as "iptables -S" does: its policy or name comes first. There are
// none of a chain that is not there.
func (p program) list(table, chain string) ([]string, error) {
	text, err := p.run(table, "-S", chain)
	if xtables.Missing(err) {
		return nil, nil
	}
	return strings.FieldsFunc(text, func(c rune) bool { return c == '\n' }), err
}

// has reports whether a rule stands in a chain of the filter table.
func (p program) has(chain string, rule ...string) (bool, error) {
	err := p.change(append([]string{"-C", chain}, rule...)...)
	if xtables.Missing(err) {
		return false, nil
	}
	return err == nil, err
}

// insist appends a rule that is not there.
func (p program) insist(chain string, rule ...string) error {
	if there, err := p.has(chain, rule...); err != nil || there {
		return err
	}
	return p.change(append([]string{"-A", chain}, rule...)...)
}

// remove deletes a rule that is there.
func (p program) remove(chain string, rule ...string) error {
	if there, err := p.has(chain, rule...); err != nil || !there {
		return err
	}
	return p.change(append([]string{"-D", chain}, rule...)...)
}
