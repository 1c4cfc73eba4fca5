package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const rounds = 30

// contender gives and takes back one address, each by a process.
type contender struct {
	name     string
	fill     func(dir string, leases int) error
	allocate func(dir string) *exec.Cmd
	release  func(dir string) *exec.Cmd
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == operate {
		exit(operation(os.Args[2], os.Args[3], os.Args[4]))
		return
	}
	exit(run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "leases:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("/dev/shm", "leases")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	reference, err := buildHostLocal(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%-28s %12s %14s %8s\n", "leases there, subnet", "ours, ms", "host-local, ms", "ratio")
	for _, n := range []int{0, 1_000, 10_000, 50_000} {
		ours, err := measure(ourAllocator("10.0.0.0/15"), filepath.Join(dir, fmt.Sprint("ours", n)), n)
		if err != nil {
			return err
		}
		theirs, err := measure(hostLocal(reference), filepath.Join(dir, fmt.Sprint("theirs", n)), n)
		if err != nil {
			return err
		}
		fmt.Printf("%-28s %12.2f %14.2f %7.1fx\n", fmt.Sprintf("%d, /15", n), ours, theirs, theirs/ours)
	}
	for _, subnet := range []string{"10.0.0.0/24", "fd00::/64"} {
		ours, err := measure(ourAllocator(subnet), filepath.Join(dir, "ours"+filepath.Base(subnet)), 0)
		if err != nil {
			return err
		}
		fmt.Printf("%-28s %12.2f\n", "0, "+subnet, ours)
	}
	return nil
}

// measure returns the median time of allocating and releasing one address, in milliseconds.
func measure(c contender, dir string, leases int) (float64, error) {
	if err := c.fill(dir, leases); err != nil {
		return 0, fmt.Errorf("fill %s: %w", c.name, err)
	}
	var times []time.Duration
	for range rounds {
		begin := time.Now()
		for _, cmd := range []*exec.Cmd{c.allocate(dir), c.release(dir)} {
			if out, err := cmd.CombinedOutput(); err != nil {
				return 0, fmt.Errorf("%s: %w: %s", c.name, err, out)
			}
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return float64(times[rounds/2]) / float64(time.Millisecond), nil
}
