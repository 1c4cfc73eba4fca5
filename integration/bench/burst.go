package main

import (
	"fmt"
	"sync"
	"time"
)

const (
	burstPart  = "100 at once, 16 at a time"
	burstSize  = 100
	burstWidth = 16
	burstTurns = 3
)

// burst attaches and detaches many containers in parallel, as a runtime does after a reboot.
func (b *bench) burst() error {
	runners, err := b.runners(scenario{Ports: 1, Others: 1}, b.contenders())
	if err != nil {
		return err
	}
	defer closeAll(runners)
	const name = "1 port each"
	return b.turns(burstPart, name, burstTurns, runners, func(_ int, r *runner) error {
		add, del, err := r.burst()
		if err == nil {
			b.add(subject{burstPart, name, "ADD", "ms", r.Name}, add)
			b.add(subject{burstPart, name, "DEL", "ms", r.Name}, del)
		}
		return err
	})
}

func (r *runner) burst() (add, del float64, err error) {
	var list []container
	for n := range burstSize {
		c, err := r.newContainer(n + 2)
		if err != nil {
			return 0, 0, err
		}
		defer forget(c.netns)
		list = append(list, c)
	}
	if add, err = r.parallel(list, r.attach.add); err != nil {
		return 0, 0, fmt.Errorf("ADD: %w", err)
	}
	if del, err = r.parallel(list, r.attach.del); err != nil {
		return 0, 0, fmt.Errorf("DEL: %w", err)
	}
	return add, del, nil
}

// parallel calls fn for each container by threads in the host's namespace.
func (r *runner) parallel(list []container, fn func(container) error) (ms float64, err error) {
	work := make(chan container, len(list))
	for _, c := range list {
		work <- c
	}
	close(work)
	var workers sync.WaitGroup
	var once sync.Once
	begin := time.Now()
	for range burstWidth {
		workers.Go(func() {
			failed := within(r.host.path, func() error {
				for c := range work {
					if err := fn(c); err != nil {
						return err
					}
				}
				return nil
			})
			if failed != nil {
				once.Do(func() { err = failed })
			}
		})
	}
	workers.Wait()
	return milliseconds(time.Since(begin)), err
}
