package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// cost is what a call took, in milliseconds.
type cost struct {
	elapsed float64
	// cpu is CPU time of the processes that it started and waited for, from their exec on, those that they started and
	// waited for among them. The caller's own is not in it: libcni's, the fork.
	cpu float64
}

// cpuTime follows the name of what is noted by CPU time too.
const cpuTime = ", CPU time"

// elapsed notes how long a call took.
func (b *bench) elapsed(s subject, c cost) { b.add(s, c.elapsed) }

// both notes the CPU time too, which waits and others on the machine are not in.
func (b *bench) both(s subject, c cost) {
	b.add(s, c.elapsed)
	s.Quantity += cpuTime
	b.add(s, c.cpu)
}

// noting is how much of a call is noted: CPU time in the part that tells what grows, which has few contenders.
func (b *bench) noting(part string) func(subject, cost) {
	if part == alonePart {
		return b.both
	}
	return b.elapsed
}

// timed runs fn on the host. Nothing else may start processes meanwhile.
func (r *runner) timed(fn func() error) (c cost, err error) {
	err = r.host.do(func() error {
		before, begin := childrenCPU(), time.Now()
		err := fn()
		c = cost{milliseconds(time.Since(begin)), milliseconds(childrenCPU() - before)}
		return err
	})
	return c, err
}

// childrenCPU is the CPU time of all processes that were started and waited for (getrusage(2)).
func childrenCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &u); err != nil {
		panic(err) // of a constant and an address
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
