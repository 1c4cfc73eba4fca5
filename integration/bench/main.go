package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	ours, json, markdown string
	parts                string
	rounds               int
	full                 bool
}

func main() {
	var o options
	flag.StringVar(&o.ours, "ours", "../../bin", "directory of our executables")
	flag.StringVar(&o.json, "json", "", "write all samples to this file")
	flag.StringVar(&o.markdown, "markdown", "", "write the tables to this file too")
	flag.StringVar(&o.parts, "parts", "", "only these parts, by commas: "+strings.Join(partNames(), ","))
	flag.IntVar(&o.rounds, "rounds", 30, "rounds of the usual scenario")
	flag.BoolVar(&o.full, "full", false, "up to 4,000 attachments, and the reference plugins where they take minutes")
	comparing := flag.Bool("compare", false, "compare two runs: -compare BEFORE.json AFTER.json")
	flag.Parse()
	err := error(nil)
	if *comparing && flag.NArg() == 2 {
		err = compare(os.Stdout, flag.Arg(0), flag.Arg(1))
	} else {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// part is one of the measurements that a run is made of.
type part struct {
	name    string
	measure func(*bench) error
}

func parts() []part {
	return []part{
		{"attach", (*bench).attach}, {"grow", (*bench).grow}, {"burst", (*bench).burst}, {"verbs", (*bench).verbs},
		{"programs", (*bench).programs}, {"traffic", (*bench).traffic}, {"path", (*bench).path}, {"tracked", (*bench).tracked},
	}
}

func partNames() (names []string) {
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

// bench is a run.
type bench struct {
	options
	*results
	dir   string // for executables and states, on tmpfs as on a real host
	hosts int    // made so far
}

func run(o options) error {
	dir, err := os.MkdirTemp("/dev/shm", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := newResults()
	if err != nil {
		return err
	}
	b := &bench{options: o, results: r, dir: dir}
	if err := b.build(); err != nil {
		return err
	}
	var failed []error // what was measured is not lost for what was not
	for _, p := range parts() {
		if o.parts != "" && !slices.Contains(strings.Split(o.parts, ","), p.name) {
			continue
		}
		begin := time.Now()
		if err := p.measure(b); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", p.name, time.Since(begin).Round(time.Second))
	}
	return errors.Join(append(failed, b.save())...)
}

func (b *bench) save() error {
	if b.json != "" {
		if err := b.write(b.json); err != nil {
			return err
		}
	}
	if b.options.markdown == "" {
		return b.results.markdown(os.Stdout)
	}
	f, err := os.Create(b.options.markdown)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.results.markdown(f); err != nil {
		return err
	}
	return b.results.markdown(os.Stdout)
}

// newDir is a directory of its own for a host.
func (b *bench) newDir() (string, error) {
	b.hosts++
	dir := filepath.Join(b.dir, fmt.Sprint("host", b.hosts))
	return dir, os.MkdirAll(dir, 0o755)
}
