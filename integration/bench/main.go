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
	debian               string
	parts                string
	rounds               int
	full                 bool
}

func main() {
	var o options
	flag.StringVar(&o.ours, "ours", "../../bin", "directory of our executables")
	flag.StringVar(&o.debian, "debian", "../../.cache/runtimes/trixie", "directory with a Debian that has docker and netavark")
	flag.StringVar(&o.json, "json", "", "write all samples to this file")
	flag.StringVar(&o.markdown, "markdown", "", "write the tables to this file too")
	flag.StringVar(&o.parts, "parts", "", "only these parts, by commas: "+strings.Join(partNames(), ","))
	flag.IntVar(&o.rounds, "rounds", 30, "rounds of the usual scenario")
	flag.BoolVar(&o.full, "full", false, "the reference plugins too where they take minutes or hours")
	comparing := flag.Bool("compare", false, "compare two runs: -compare BEFORE.json AFTER.json")
	documenting := flag.Bool("document", false, "put a run's figures into the marked tables of documents: -document RUN.json FILE.md...")
	flag.Parse()
	err := error(nil)
	switch {
	case *comparing && flag.NArg() == 2:
		err = compare(os.Stdout, flag.Arg(0), flag.Arg(1))
	case *documenting && flag.NArg() > 1:
		err = document(flag.Arg(0), flag.Args()[1:]...)
	default:
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
		{"attach", (*bench).attach}, {"ports", (*bench).ports}, {"bridges", (*bench).bridges}, {"burst", (*bench).burst}, {"verbs", (*bench).verbs},
		{"programs", (*bench).programs}, {"leases", (*bench).leases}, {"path", (*bench).path}, {"traffic", (*bench).traffic}, {"tracked", (*bench).tracked},
		{"alone", (*bench).alone}, {"grow", (*bench).grow}, {"full", (*bench).fullBridge}, // last: for minutes the kernel tidies up behind them
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
	dir   string // for states, on tmpfs as on a real host
	bin   string // for executables, on a disk as there
	hosts int    // made so far
	begin time.Time
}

func run(o options) error {
	dir, err := os.MkdirTemp("/dev/shm", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := os.MkdirTemp("/var/tmp", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	r, err := newResults()
	if err != nil {
		return err
	}
	b := &bench{options: o, results: r, dir: dir, bin: bin, begin: time.Now()}
	b.say("building")
	if err := b.build(); err != nil {
		return err
	}
	var failed []error // what was measured is not lost for what was not
	for _, p := range parts() {
		if o.parts != "" && !slices.Contains(strings.Split(o.parts, ","), p.name) {
			continue
		}
		b.say("part %s", p.name)
		if err := b.try(p); err != nil {
			failed = append(failed, err)
			b.Failures = append(b.Failures, err.Error())
			b.say("%s", err)
		}
		if err := b.save(); err != nil {
			return err
		}
	}
	b.say("done")
	return errors.Join(append(failed, b.results.markdown(os.Stdout))...)
}

// try measures a part, and makes an error of whatever ends it.
func (b *bench) try(p part) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", p.name, r)
		}
	}()
	if err := p.measure(b); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// say tells who waits what is being done, and since when the run has been going on.
func (b *bench) say(format string, words ...any) {
	fmt.Fprintf(os.Stderr, "%6s  %s\n", time.Since(b.begin).Round(time.Second), fmt.Sprintf(format, words...))
}

// save writes what was found so far: a run that is cut short has its tables too.
func (b *bench) save() error {
	if b.json != "" {
		if err := b.write(b.json); err != nil {
			return err
		}
	}
	if b.options.markdown == "" {
		return nil
	}
	f, err := os.Create(b.options.markdown)
	if err != nil {
		return err
	}
	defer f.Close()
	return b.results.markdown(f)
}

// newDir is a directory of its own for a host.
func (b *bench) newDir() (string, error) {
	b.hosts++
	dir := filepath.Join(b.dir, fmt.Sprint("host", b.hosts))
	return dir, os.MkdirAll(dir, 0o755)
}
