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

func (b bare) add(c container) error {
	if err := b.run("attach", c); err != nil || b.scenario.Alone {
		return err
	}
	return b.run("publish", c)
}

func (b bare) del(c container) error {
	if b.scenario.Alone {
		return b.run("detach", c)
	}
	if err := b.run("unpublish", c); err != nil {
		return err
	}
	return b.run("detach", c)
}

func (b bare) run(verb string, c container) error {
	first := firstHostPort + c.number*b.scenario.Ports
	out, err := exec.Command(b.program, verb, c.netns, strconv.Itoa(c.number), strconv.Itoa(first),
		strconv.Itoa(b.scenario.Ports), strconv.FormatBool(b.scenario.Dual), strconv.Itoa(b.scenario.bridge(c))).CombinedOutput()
	if err != nil {
		return fmt.Errorf("floor %s: %w: %s", verb, err, out)
	}
	return nil
}
