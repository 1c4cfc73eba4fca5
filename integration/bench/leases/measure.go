package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// contender gives and takes back one address, each by a process. Its commands have no pipes:
// what they would cost is none of the contenders'.
type contender struct {
	name     string
	scenario string
	fill     func() error
	allocate func() (*exec.Cmd, error)
	release  func() (*exec.Cmd, error)
}

// measure notes how long it takes each contender to allocate and release one address. They take
// turns, so that all of them meet the same moods of the machine.
func (r *report) measure(rounds int, contenders ...contender) error {
	times := make([][]time.Duration, len(contenders))
	for _, c := range contenders {
		if err := c.fill(); err != nil {
			return fmt.Errorf("fill %s: %w", c.name, err)
		}
	}
	for range rounds {
		for i, c := range contenders {
			spent, err := c.turn()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			times[i] = append(times[i], spent)
		}
	}
	for i, c := range contenders {
		r.add(c.scenario, "allocate and release", c.name, times[i]...)
	}
	return nil
}

func (c contender) turn() (spent time.Duration, err error) {
	for _, command := range []func() (*exec.Cmd, error){c.allocate, c.release} {
		took, err := timed(command)
		if err != nil {
			return 0, err
		}
		spent += took
	}
	return spent, nil
}

// timed runs a command to its end, with its errors on our own stderr.
func timed(command func() (*exec.Cmd, error)) (time.Duration, error) {
	cmd, err := command()
	if err != nil {
		return 0, err
	}
	if input, ok := cmd.Stdin.(*os.File); ok {
		defer input.Close()
	}
	cmd.Stderr = os.Stderr
	begin := time.Now()
	err = cmd.Run()
	return time.Since(begin), err
}
