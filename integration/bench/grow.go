package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	growPart = "Beside others with 4 ports each, on other bridges"
	fullPart = "Beside others with one port each, on the same bridge"
	// alonePart has one contender's containers on the machine at a time.
	alonePart = "Beside others with 4 ports each, nobody else's on the machine"
	// spread is how many of the others a bridge gets.
	spread = 250
	// tidying is how long the kernel may be busy with taking thousands of namespaces away.
	tidying = 45 * time.Second
)

// grow measures one attachment beside ever more others on the host.
func (b *bench) grow() error {
	return b.growing(growPart, scenario{Ports: 4, Spread: spread}, []int{0, 200, 1000, 4000}, b.contenders())
}

// alone is grow for one contender after the other: where the kernel looks through all namespaces, it looks through those
// of others in grow. The first of a host, which makes the tables, is not in it.
func (b *bench) alone() error {
	for _, c := range b.nearest() {
		b.say("  %s", c.Name)
		if err := b.growing(alonePart, scenario{Ports: 4, Spread: spread}, []int{1, 1000, 4000}, []contender{c}); err != nil {
			return err
		}
		time.Sleep(tidying)
	}
	return nil
}

// fullBridge measures one attachment beside ever more others on its bridge, which the kernel lets
// have 1,023 ports: there is work of the kernel's own that grows with them.
func (b *bench) fullBridge() error {
	list := slices.DeleteFunc(b.contenders(), func(c contender) bool { return c.Name == oursIptables || c.Name == refIptables })
	return b.growing(fullPart, scenario{Ports: 1}, []int{0, 200, 1000}, list)
}

func (b *bench) growing(part string, s scenario, sizes []int, list []contender) error {
	measured, err := b.runners(s, list)
	if err != nil {
		return err
	}
	defer closeAll(slices.Clone(measured))
	for _, others := range sizes {
		name := fmt.Sprintf("%d others", others)
		b.say("  %s", name)
		measured = slices.DeleteFunc(measured, func(r *runner) bool {
			err := b.reach(r, others)
			if err != nil {
				b.leaveOut(subject{part, name, "ADD", "ms", r.Name}, err.Error())
			}
			return err != nil
		})
		n := max(b.rounds0()/2, 3)
		if err := errors.Join(b.rounds(part, name, n, measured, b.noting(part)), b.checks(part, name, n, measured)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := b.save(); err != nil {
			return err
		}
	}
	return nil
}

// reach attaches containers until there are so many others; it says why not if that takes too long.
func (b *bench) reach(r *runner, others int) error {
	patience := 3 * time.Minute
	switch {
	case b.full:
		patience = 2 * time.Hour
	case others > r.crowd:
		return errors.New("left out, minutes")
	}
	err := r.populate(others, patience)
	var impatient *impatientError
	if err != nil && !errors.As(err, &impatient) {
		return errors.New("fails: " + firstWords(err))
	}
	return err
}
