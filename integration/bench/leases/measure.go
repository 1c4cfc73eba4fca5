package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// contender gives and takes back one address, each by a process. Its commands have no pipes:
// what they would cost is none of the contenders'.
type contender struct {
	name     string
	fill     func() error
	allocate func() (*exec.Cmd, error)
	release  func() (*exec.Cmd, error)
}

// measure returns for each contender the median time of allocating and releasing one address,
// in milliseconds. They take turns, so that all of them meet the same moods of the machine.
func measure(rounds int, contenders ...contender) ([]float64, error) {
	times := make([][]time.Duration, len(contenders))
	for _, c := range contenders {
		if err := c.fill(); err != nil {
			return nil, fmt.Errorf("fill %s: %w", c.name, err)
		}
	}
	for range rounds {
		for i, c := range contenders {
			spent, err := c.turn()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			times[i] = append(times[i], spent)
		}
	}
	medians := make([]float64, len(contenders))
	for i := range times {
		medians[i] = median(times[i])
	}
	return medians, nil
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

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2]) / float64(time.Millisecond)
}
