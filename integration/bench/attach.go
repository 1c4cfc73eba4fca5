package main

import (
	"errors"
	"fmt"
	"slices"
)

const attachPart = "One ADD and one DEL"

// attach measures one attachment of each kind.
func (b *bench) attach() (failed error) {
	for _, s := range attachScenarios(b.rounds0()) {
		b.say("  %s", s.Name)
		list := slices.DeleteFunc(b.contenders(), func(c contender) bool {
			skip := s.Ports > c.most && !b.full
			if skip {
				b.leaveOut(subject{attachPart, s.Name, "ADD", "ms", c.Name}, "left out, minutes")
			}
			return skip || s.Alone && c.Name == oursIptables
		})
		runners, err := b.runners(s, list)
		if err == nil {
			err = b.rounds(attachPart, s.Name, s.Rounds, runners, b.elapsed)
			closeAll(runners)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.Name, err))
		}
		if err := b.save(); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// rounds0 is the number of rounds of the usual scenario.
func (b *bench) rounds0() int { return b.options.rounds }
