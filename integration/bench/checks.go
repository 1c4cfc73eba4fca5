package main

import (
	"errors"
	"fmt"
)

// checks measures CHECK of one attachment, for those that know it, and in the part that tells what grows the start of the
// same plugins in turns with it: what a CHECK takes more beside others, and a start too, is not the plugins' work.
func (b *bench) checks(part, name string, n int, list []*runner) error {
	for _, r := range list {
		a, known := r.attach.(cniAttacher)
		if !known {
			continue
		}
		c, err := r.newContainer(0)
		if err != nil {
			return err
		}
		err = r.host.do(func() error { return a.add(c) })
		for i := 0; i < n && err == nil; i++ {
			err = b.call(part, name, "CHECK", r, func() error { return a.check(c) })
			if err == nil && part == alonePart {
				err = b.call(part, name, startOnly, r, func() error { return a.start(c) })
			}
		}
		err = errors.Join(err, r.host.do(func() error { return a.del(c) }))
		forget(c.netns)
		if err != nil {
			return fmt.Errorf("%s: CHECK: %w", r.Name, err)
		}
	}
	return nil
}

// startOnly is what a chain's plugins take to start and to answer VERSION.
const startOnly = "start"

// call measures one call.
func (b *bench) call(part, name, quantity string, r *runner, call func() error) error {
	took, err := r.timed(call)
	if err == nil {
		b.noting(part)(subject{part, name, quantity, "ms", r.Name}, took)
	}
	return err
}
