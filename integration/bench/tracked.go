package main

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// whose are the contenders by their names in the benchmark.
var whose = map[string]string{"address": "all of an address: DEL of a chain", "port": "of a port: natport behind another main plugin"}

const trackedPart = "Dropping one tracked connection"

var trackedLine = regexp.MustCompile(`BenchmarkDrop/(\w+)/others=(\d+)\S*\s+\d+\s+(\d+(?:\.\d+)?) ns/op`)

// tracked measures what it costs to drop a stale connection beside unrelated ones, by the
// package's own benchmark: the plugins do it in the kernel's grace period, where it can't be seen.
func (b *bench) tracked() error {
	out, err := exec.Command("go", "-C", "../..", "test", "-run", "^$", "-bench", "BenchmarkDrop", "-benchtime", "20x", "-count", "5",
		"./pkg/nat/conntrack").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	found := trackedLine.FindAllStringSubmatch(string(out), -1)
	if len(found) == 0 {
		return errors.New("no figures in: " + string(out))
	}
	for _, m := range found {
		ns, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return err
		}
		b.add(tracked(m[1], m[2]), ns/1e6)
	}
	return nil
}

// tracked is what it costs to drop what is so of an "address", or of a "port", beside others.
func tracked(what, others string) subject {
	return subject{trackedPart, others + " unrelated ones", "search and drop", "ms", whose[what]}
}
