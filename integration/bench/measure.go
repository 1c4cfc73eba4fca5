package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// warmUp rounds are not counted: the first ones make the bridge and the tables.
const warmUp = 2

// timing holds the durations of one contender in one scenario.
type timing struct {
	Add, Del []time.Duration
}

// runner is a contender in its own host namespace.
type runner struct {
	contender
	host   *host
	attach attacher
	timing timing
}

// measure lets all contenders do a scenario, in turns: what disturbs the machine disturbs
// all of them.
func measure(s scenario, list []contender, dir string) ([]timing, error) {
	var runners []*runner
	defer func() {
		for _, r := range runners {
			r.host.close()
		}
	}()
	for i, c := range list {
		r, err := newRunner(c, s, filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		runners = append(runners, r)
	}
	for round := range warmUp + s.Rounds {
		for _, r := range runners {
			if err := r.round(round); err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", r.Name, round, err)
			}
		}
	}
	var timings []timing
	for _, r := range runners {
		timings = append(timings, r.timing)
	}
	return timings, nil
}

func newRunner(c contender, s scenario, dir string) (*runner, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	h, err := newHost(dir)
	if err != nil {
		return nil, err
	}
	a, err := c.attach(s, dir)
	return &runner{contender: c, host: h, attach: a}, err
}

func (r *runner) round(n int) error {
	id := fmt.Sprintf("container-%d", n)
	netns, err := r.host.newNamespace(id)
	if err != nil {
		return err
	}
	defer forget(netns)
	add, err := r.timed(func() error { return r.attach.add(id, netns) })
	if err != nil {
		return fmt.Errorf("ADD: %w", err)
	}
	del, err := r.timed(func() error { return r.attach.del(id, netns) })
	if err != nil {
		return fmt.Errorf("DEL: %w", err)
	}
	if n >= warmUp {
		r.timing.Add = append(r.timing.Add, add)
		r.timing.Del = append(r.timing.Del, del)
	}
	return nil
}

func (r *runner) timed(fn func() error) (took time.Duration, err error) {
	err = r.host.do(func() error {
		begin := time.Now()
		err := fn()
		took = time.Since(begin)
		return err
	})
	return took, err
}
