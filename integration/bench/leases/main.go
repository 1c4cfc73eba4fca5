package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == operate {
		exit(operation(os.Args[2], os.Args[3], os.Args[4]))
		return
	}
	plugins := flag.String("ours", "bin", "directory of the built plugins")
	flag.Parse()
	exit(run(*plugins))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "leases:", err)
		os.Exit(1)
	}
}

func run(plugins string) error {
	dir, err := os.MkdirTemp("/dev/shm", "leases")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	reference, err := buildHostLocal(dir)
	if err != nil {
		return err
	}
	if err := flat(dir); err != nil {
		return err
	}
	if err := besideTheReference(dir, reference); err != nil {
		return err
	}
	if err := bySubnet(dir); err != nil {
		return err
	}
	return exhausted(filepath.Join(dir, "full"), plugins)
}

var sizes = []int{0, 1_000, 10_000, 50_000}

// flat has ours of all sizes take turns among themselves, to show whether they grow: the
// reference's scans of its directory would leave them cold caches.
func flat(dir string) error {
	var ours []contender
	for _, n := range sizes {
		ours = append(ours, ourAllocator(filepath.Join(dir, fmt.Sprint("flat", n)), "10.0.0.0/15", n))
	}
	times, err := measure(200, ours...)
	if err != nil {
		return err
	}
	fmt.Printf("%-20s %9s %16s\n", "leases there", "ours, ms", "beside none")
	for i, n := range sizes {
		fmt.Printf("%-20d %9.2f %15.2fx\n", n, times[i], times[i]/times[0])
	}
	return nil
}

// besideTheReference has ours and the reference take turns.
func besideTheReference(dir, reference string) error {
	fmt.Printf("\n%-20s %9s %14s %8s\n", "leases there", "ours, ms", "host-local, ms", "ratio")
	for i, rounds := range []int{200, 100, 30, 10} {
		n := sizes[i]
		ours := ourAllocator(filepath.Join(dir, fmt.Sprint("ours", n)), "10.0.0.0/15", n)
		theirs := hostLocal(filepath.Join(dir, fmt.Sprint("theirs", n)), reference, n)
		times, err := measure(rounds, ours, theirs)
		if err != nil {
			return err
		}
		fmt.Printf("%-20d %9.2f %14.2f %7.1fx\n", n, times[0], times[1], times[1]/times[0])
	}
	return nil
}

// bySubnet compares the sizes of ranges.
func bySubnet(dir string) error {
	subnets := []string{"10.0.0.0/24", "10.0.0.0/8", "fd00::/64"}
	var list []contender
	for i, s := range subnets {
		list = append(list, ourAllocator(filepath.Join(dir, fmt.Sprint("subnet", i)), s, 0))
	}
	times, err := measure(200, list...)
	if err != nil {
		return err
	}
	fmt.Printf("\n%-20s %9s %16s\n", "subnet, no leases", "ours, ms", "beside the first")
	for i, s := range subnets {
		fmt.Printf("%-20s %9.2f %15.2fx\n", s, times[i], times[i]/times[0])
	}
	return nil
}
