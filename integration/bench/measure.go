package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// warmUp rounds are not counted: the first ones make the bridge and the tables.
const warmUp = 2

// runner is a contender in its own host namespace.
type runner struct {
	contender
	of     scenario
	host   *host
	attach attacher
	others int // attached so far
}

// runners prepares a host for each contender, with the scenario's others.
func (b *bench) runners(s scenario, list []contender) (all []*runner, err error) {
	for _, c := range list {
		r, err := b.newRunner(c, s)
		if err == nil {
			all = append(all, r)
			err = r.populate(s.Others, time.Hour)
		}
		if err != nil {
			closeAll(all)
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return all, nil
}

func closeAll(list []*runner) {
	for _, r := range list {
		r.host.close()
	}
}

func (b *bench) newRunner(c contender, s scenario) (*runner, error) {
	dir, err := b.newDir()
	if err != nil {
		return nil, err
	}
	h, err := newHost(dir)
	if err != nil {
		return nil, err
	}
	r := &runner{contender: c, of: s, host: h}
	if r.attach, err = c.attach(s, h); err != nil {
		h.close()
		return nil, err
	}
	return r, nil
}

// populate attaches containers that stay, until there are as many, or patience ends.
func (r *runner) populate(others int, patience time.Duration) error {
	for end := time.Now().Add(patience); r.others < others; {
		list := r.next(others)
		_, err := r.parallel(list, func(c container) error {
			c, err := r.newContainer(c.number)
			if err != nil {
				return err
			}
			return r.attach.add(c)
		})
		if err != nil {
			return fmt.Errorf("ADD after %d others: %w", r.others, err)
		}
		r.others += len(list)
		if r.others < others && time.Now().After(end) {
			return &impatientError{r.others, patience}
		}
	}
	return nil
}

// next are those that may be attached at the same time: on one bridge, which the first one makes.
func (r *runner) next(others int) (list []container) {
	bridge := func(number int) int { return r.of.bridge(container{number: number}) }
	first := r.others + 1
	if r.others == 0 || bridge(first) != bridge(r.others) {
		return []container{{number: first}}
	}
	for n := first; n <= others && n < first+burstSize && bridge(n) == bridge(first); n++ {
		list = append(list, container{number: n})
	}
	return list
}

// impatientError says that a contender is too slow to be measured any further.
type impatientError struct {
	others int
	after  time.Duration
}

func (e *impatientError) Error() string {
	return fmt.Sprintf("left out: %d attached after %s", e.others, e.after)
}

func (r *runner) newContainer(number int) (container, error) {
	c := container{number: number}
	netns, err := r.host.newNamespace(c.id())
	c.netns = netns
	return c, err
}

// round attaches and detaches once.
func (r *runner) round() (add, del cost, err error) {
	c, err := r.newContainer(0)
	if err != nil {
		return add, del, err
	}
	defer forget(c.netns)
	if add, err = r.timed(func() error { return r.attach.add(c) }); err != nil {
		return add, del, fmt.Errorf("ADD: %w", err)
	}
	if del, err = r.timed(func() error { return r.attach.del(c) }); err != nil {
		return add, del, fmt.Errorf("DEL: %w", err)
	}
	return add, del, nil
}

// rounds lets all contenders attach and detach, in turns: what disturbs the machine disturbs
// all of them. Of each verb that is noted which note takes.
func (b *bench) rounds(part, name string, n int, list []*runner, note func(subject, cost)) error {
	return b.turns(part, name, warmUp+n, list, func(i int, r *runner) error {
		add, del, err := r.round()
		if err == nil && i >= warmUp {
			note(subject{part, name, "ADD", "ms", r.Name}, add)
			note(subject{part, name, "DEL", "ms", r.Name}, del)
		}
		return err
	})
}

// turns lets all take turns, but for those that fail, which are left out from then on.
func (b *bench) turns(part, name string, n int, list []*runner, turn func(i int, r *runner) error) (failed error) {
	left := slices.Clone(list)
	for i := range n {
		left = slices.DeleteFunc(left, func(r *runner) bool {
			err := turn(i, r)
			if err != nil {
				err = fmt.Errorf("%s, turn %d: %w", r.Name, i, err)
				b.say("  %s: %s", name, err)
				b.leaveOut(subject{part, name, "ADD", "ms", r.Name}, "fails: "+firstWords(err))
				failed = errors.Join(failed, err)
			}
			return err != nil
		})
	}
	return failed
}
