package main

import (
	"fmt"
	"os/exec"
	"strconv"
)

// bare attaches by the kernel calls alone: two processes, as a chain of two plugins has,
// that do nothing but them.
type bare struct {
	program  string
	scenario scenario
}

func (b bare) add(_, netns string) error {
	if err := b.run("attach", netns); err != nil {
		return err
	}
	return b.run("publish", "")
}

func (b bare) del(_, netns string) error {
	if err := b.run("unpublish", ""); err != nil {
		return err
	}
	return b.run("detach", netns)
}

func (b bare) run(verb, netns string) error {
	out, err := exec.Command(b.program, verb, netns, strconv.Itoa(b.scenario.Ports), strconv.FormatBool(b.scenario.Dual)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("floor %s: %w: %s", verb, err, out)
	}
	return nil
}
