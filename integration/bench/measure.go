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
	r := &runner{contender: c, host: h}
	if r.attach, err = c.attach(s, dir); err != nil {
		return nil, err
	}
	return r, r.populate(s.Others)
}

// populate attaches the containers that are there all the time.
func (r *runner) populate(others int) error {
	for n := 1; n <= others; n++ {
		if err := r.populateOne(n); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) populateOne(n int) error {
	c, err := r.newContainer(n)
	if err != nil {
		return err
	}
	if err := r.host.do(func() error { return r.attach.add(c) }); err != nil {
		return fmt.Errorf("ADD of container %d: %w", n, err)
	}
	return nil
}

func (r *runner) newContainer(number int) (container, error) {
	c := container{number: number}
	netns, err := r.host.newNamespace(c.id())
	c.netns = netns
	return c, err
}

func (r *runner) round(n int) error {
	c, err := r.newContainer(0)
	if err != nil {
		return err
	}
	defer forget(c.netns)
	add, err := r.timed(func() error { return r.attach.add(c) })
	if err != nil {
		return fmt.Errorf("ADD: %w", err)
	}
	del, err := r.timed(func() error { return r.attach.del(c) })
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
