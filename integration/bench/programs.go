package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/containernetworking/cni/pkg/invoke"
)

const programsPart = "Programs"

// programs says how large the executables are, how long their packages take to initialise, how
// many processes an ADD and a DEL of one port start, and how much memory the largest of them has.
func (b *bench) programs() error {
	sets := map[string][]string{
		oursNft: {b.ours + "/vethbridge", b.ours + "/natport"},
		refNft:  {b.reference() + "/bridge", b.reference() + "/host-local", b.reference() + "/portmap"},
	}
	for _, name := range []string{oursNft, refNft} {
		for _, path := range sets[name] {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			b.add(subject{programsPart, fmt.Sprintf("executable %d", 1+indexOf(sets[name], path)), "size", "MB", name}, float64(info.Size())/1e6)
			for range 9 {
				ms, err := initTime(path)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				b.add(subject{programsPart, fmt.Sprintf("executable %d", 1+indexOf(sets[name], path)), "initialising", "ms", name}, ms)
			}
		}
	}
	for _, p := range []struct {
		name, dir string
		of        chain
	}{
		{oursNft, b.ours, ourChain("nftables")}, {oursIptables, b.ours, ourChain("iptables")},
		{refIptables, b.reference(), referenceChain("iptables")}, {refNft, b.reference(), referenceChain("nftables")},
	} {
		if err := b.processes(p.name, p.dir, p.of); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func indexOf(list []string, s string) int {
	for i, have := range list {
		if have == s {
			return i
		}
	}
	return -1
}

// initTime adds up what GODEBUG=inittrace=1 says.
func initTime(path string) (ms float64, err error) {
	cmd := exec.Command(path)
	cmd.Env = []string{"CNI_COMMAND=VERSION", "GODEBUG=inittrace=1"}
	cmd.Stdin = strings.NewReader(`{"cniVersion":"1.0.0"}`)
	var trace strings.Builder
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	for line := range strings.Lines(trace.String()) {
		words := strings.Fields(line) // init NAME @T ms, D ms clock, ...
		for i := 1; i < len(words); i++ {
			if words[i] == "clock," {
				d, err := strconv.ParseFloat(words[i-2], 64)
				ms += d
				if err != nil {
					return 0, err
				}
			}
		}
	}
	return ms, nil
}

// processes attaches and detaches once with the plugins watched.
func (b *bench) processes(name, plugins string, of chain) error {
	s := scenario{Ports: 1, Others: 1}
	dir, err := b.newDir()
	if err != nil {
		return err
	}
	w := &watch{log: filepath.Join(dir, "watch"), floor: b.floor(), DefaultExec: &invoke.DefaultExec{RawExec: &invoke.RawExec{Stderr: os.Stderr}}}
	r, err := b.newRunner(contender{Name: name, attach: func(s scenario, h *host) (attacher, error) {
		return newCNIBy(w, plugins, of, s, h.dir), nil
	}}, s)
	if err != nil {
		return err
	}
	defer r.host.close()
	if err := r.populate(1, callLimit); err != nil {
		return err
	}
	c, err := r.newContainer(0)
	if err != nil {
		return err
	}
	defer forget(c.netns)
	for _, v := range []struct {
		verb string
		call func(container) error
	}{{"ADD", r.attach.add}, {"DEL", r.attach.del}} {
		w.started, w.peak = 0, 0
		if err := r.host.do(func() error { return v.call(c) }); err != nil {
			return err
		}
		b.add(subject{programsPart, v.verb + " with one port", "processes started", "count", name}, float64(w.started))
		b.add(subject{programsPart, v.verb + " with one port", "peak memory of one", "MB", name}, w.peak)
	}
	return nil
}

// watch starts plugins below strace(1), which notes every program started, and below a small
// program that asks the kernel for the memory of the largest one (getrusage(2)).
type watch struct {
	*invoke.DefaultExec
	log, floor string
	started    int
	peak       float64
}

// ExecPlugin runs the plugin twice removed; what comes of it is libcni's business as ever.
func (w *watch) ExecPlugin(ctx context.Context, path string, stdin []byte, environ []string) ([]byte, error) {
	memory := w.log + ".memory"
	cmd := exec.CommandContext(ctx, "strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve", "-e", "signal=none", "-o", w.log,
		w.floor, "memory", memory, path)
	cmd.Env, cmd.Stdin, cmd.Stderr = environ, strings.NewReader(string(stdin)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", path, err, out)
	}
	trace, logErr := os.ReadFile(w.log)
	kilobytes, memoryErr := os.ReadFile(memory)
	if err := errors.Join(logErr, memoryErr); err != nil {
		return nil, err
	}
	w.started += strings.Count(string(trace), " = 0\n") - 1 // the small program
	kb, err := strconv.ParseFloat(string(kilobytes), 64)
	w.peak = max(w.peak, kb/1000)
	return out, err
}
