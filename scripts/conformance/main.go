package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// run reads a log of tests and rewrites the page; one that would lose a case stays, unless that is
// wanted.
func run(args []string) error {
	drop := len(args) > 0 && args[0] == "-drop"
	if drop {
		args = args[1:]
	}
	if len(args) != 2 {
		return errors.New("usage: conformance [-drop] LOG PAGE.md")
	}
	log, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	page, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	told, err := parseLog(string(log))
	if err != nil {
		return err
	}
	before, rest, found := bytes.Cut(page, []byte(heading))
	if !found {
		return fmt.Errorf("%s has no heading %q", args[1], heading)
	}
	t := parsePage(string(rest))
	if lost := t.lost(told); len(lost) > 0 && !drop {
		return fmt.Errorf("the run does not show what the page has (-drop takes it out):\n%s", strings.Join(lost, "\n"))
	}
	t.replace(told)
	return os.WriteFile(args[1], append(before, t.markdown()...), 0o644)
}
