package main

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

const trackedPart = "Dropping one tracked connection"

var trackedLine = regexp.MustCompile(`BenchmarkDrop/others=(\d+)\S*\s+\d+\s+(\d+(?:\.\d+)?) ns/op`)

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
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		b.add(tracked(m[1]), ns/1e6)
	}
	return nil
}

func tracked(others string) subject {
	return subject{trackedPart, others + " unrelated ones", "search and drop", "ms", "ours"}
}
