package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	ours := flag.String("ours", "../../bin", "directory of our executables")
	json := flag.String("json", "", "write the figures to this file too")
	rounds := flag.Int("rounds", 50, "rounds of the usual scenario")
	onlyPath := flag.Bool("path", false, "only what packets between containers cost")
	onlyGrowth := flag.Bool("grow", false, "only what it costs beside ever more containers and ports")
	flag.Parse()
	if err := run(*ours, *json, *rounds, *onlyPath, *onlyGrowth); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ours, json string, rounds int, onlyPath, onlyGrowth bool) error {
	dir, err := os.MkdirTemp("/dev/shm", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list, err := build(ours, filepath.Join(dir, "bin"))
	if err != nil {
		return err
	}
	if onlyPath {
		return measurePath(pathContenders(ours, filepath.Join(dir, "bin")), dir)
	}
	if onlyGrowth {
		return measureGrowth(growContenders(ours, filepath.Join(dir, "bin")), dir)
	}
	r, err := newReport()
	if err != nil {
		return err
	}
	for i, s := range scenarios(rounds) {
		fmt.Fprintf(os.Stderr, "measuring: %s, %d rounds\n", s.Name, s.Rounds)
		timings, err := measure(s, list, filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		r.add(s, list, timings)
	}
	if err := r.write(os.Stdout); err != nil || json == "" {
		return err
	}
	return r.writeJSON(json)
}

// build builds what ours is compared with, in the same way as ours.
func build(ours, dir string) ([]contender, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dir+"/", "./floor",
		"github.com/containernetworking/plugins/plugins/main/bridge", "github.com/containernetworking/plugins/plugins/ipam/host-local",
		"github.com/containernetworking/plugins/plugins/meta/portmap")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the contenders: %w: %s", err, out)
	}
	return contenders(ours, dir, filepath.Join(dir, "floor")), nil
}
