package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	attachPart = "One ADD and one DEL"
	growPart   = "Beside others with 4 ports each"
	growPorts  = 4
)

// attach measures one attachment of each kind.
func (b *bench) attach() error {
	for _, s := range attachScenarios(b.rounds0()) {
		list := slices.DeleteFunc(b.contenders(), func(c contender) bool {
			skip := s.Ports > c.most && !b.full
			if skip {
				b.leaveOut(subject{attachPart, s.Name, "ADD", "ms", c.Name}, "left out, minutes")
			}
			return skip || s.Alone && c.Name == oursIptables
		})
		runners, err := b.runners(s, list)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		err = b.rounds(attachPart, s.Name, s.Rounds, runners)
		closeAll(runners)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// sizes are how many others there are, and how long a contender may take to come to the next size.
func (b *bench) sizes() ([]int, time.Duration) {
	if b.full {
		return []int{0, 100, 1000, 2000, 4000}, 15 * time.Minute
	}
	return []int{0, 50, 200}, 45 * time.Second
}

// grow measures one attachment beside ever more others, on several bridges.
func (b *bench) grow() error {
	s := scenario{Ports: growPorts}
	runners, err := b.runners(s, b.contenders())
	if err != nil {
		return err
	}
	defer closeAll(runners)
	sizes, patience := b.sizes()
	measured := slices.Clone(runners)
	for _, others := range sizes {
		name := fmt.Sprintf("%d others", others)
		for _, r := range slices.Clone(measured) {
			err := r.populate(others, patience)
			var impatient *impatientError
			if errors.As(err, &impatient) {
				b.leaveOut(subject{growPart, name, "ADD", "ms", r.Name}, err.Error())
				measured = slices.DeleteFunc(measured, func(m *runner) bool { return m == r })
			} else if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
		if err := b.rounds(growPart, name, max(b.rounds0()/2, 3), measured); err != nil {
			return err
		}
	}
	return nil
}

// rounds0 is the number of rounds of the usual scenario.
func (b *bench) rounds0() int { return b.options.rounds }
