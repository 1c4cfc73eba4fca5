package main

import (
	"encoding/json"
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
	r := &report{}
	for _, part := range []func() error{
		func() error { return r.besideTheReference(dir, reference) },
		func() error { return r.flat(dir) },
		func() error { return r.bySubnet(dir) },
		func() error { return r.exhausted(filepath.Join(dir, "full"), plugins) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r.measures)
}

var sizes = []int{0, 1_000, 10_000, 50_000}

// besideTheReference has ours and the reference take turns.
func (r *report) besideTheReference(dir, reference string) error {
	for i, rounds := range []int{200, 100, 30, 10} {
		n := sizes[i]
		ours := ourAllocator(filepath.Join(dir, fmt.Sprint("ours", n)), "10.0.0.0/15", n)
		theirs := hostLocal(filepath.Join(dir, fmt.Sprint("theirs", n)), reference, n)
		ours.scenario = fmt.Sprintf("beside %d, in turns", n)
		theirs.scenario = ours.scenario
		if err := r.measure(rounds, ours, theirs); err != nil {
			return err
		}
	}
	return nil
}

// flat has ours of all sizes take turns among themselves, to show whether they grow: the
// reference's scans of its directory would leave them cold caches.
func (r *report) flat(dir string) error {
	var ours []contender
	for _, n := range sizes {
		c := ourAllocator(filepath.Join(dir, fmt.Sprint("flat", n)), "10.0.0.0/15", n)
		c.scenario = fmt.Sprintf("beside %d, ours among themselves", n)
		ours = append(ours, c)
	}
	return r.measure(200, ours...)
}

// bySubnet compares the sizes of ranges.
func (r *report) bySubnet(dir string) error {
	var list []contender
	for i, subnet := range []string{"10.0.0.0/24", "10.0.0.0/8", "fd00::/64"} {
		c := ourAllocator(filepath.Join(dir, fmt.Sprint("subnet", i)), subnet, 0)
		c.scenario = "alone in " + subnet
		list = append(list, c)
	}
	return r.measure(200, list...)
}
