package cni

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/version"
)

// Plugin is what an executable does for each verb of the CNI spec. A nil error is
// success; an *Error carries its own code. Add returns the result to print, already in
// place: if it can't be delivered, Del is called for the same request.
type Plugin struct {
	About  string // one line, printed when there is no CNI_COMMAND
	Add    func(context.Context, Request) (Result, error)
	Del    func(context.Context, Request) error
	Check  func(context.Context, Request) error
	GC     func(context.Context, Request) error
	Status func(context.Context, Request) error
}

// garbage is how much of it may be there before it is collected, in percent of what is in use. With
// this the collector starts at 8 MiB, which no usual call comes to.
const garbage = 200

// Main serves the one call that the environment and stdin describe and returns the exit
// status. All that the spec asks of a plugin's surroundings happens here: the config from
// stdin, the result or the error JSON on stdout.
func Main(p Plugin) int {
	growStack()
	Begin()
	if err := run(p); err != nil {
		if err.Print() != nil {
			fmt.Fprintln(os.Stderr, err.Error())
		}
		return 1
	}
	return 0
}

// growStack makes room for a whole call in one step, while there is nothing on the stack. The runtime would double it four
// times on its way down, copying it each time, which takes a twentieth of a short process.
//
//go:noinline
func growStack() byte {
	var room [20 << 10]byte
	return room[os.Getpagesize()%len(room)]
}

// Begin makes the process ready for one call.
func Begin() {
	// A call is over before it pays to look for what it needs no more, unless that gets large.
	debug.SetGCPercent(garbage)
	// A runtime that closes stdout early must find the roll-back done, not a dead process.
	signal.Ignore(syscall.SIGPIPE)
}

// OneByOne keeps the runtime to one CPU, for a call that does one thing after the other, as an ADD does: it would wake
// threads for others to look for work that there is not. A DEL is no such call, it waits for the kernel in two places at once.
func OneByOne() { runtime.GOMAXPROCS(1) }

func run(p Plugin) *types.Error {
	ctx, command := context.Background(), os.Getenv("CNI_COMMAND")
	var interruptible func() context.Context
	if command == string(verbAdd) {
		OneByOne()
		interruptible = Interruptible()
	}
	var config *received
	if command != "" && command != "VERSION" {
		var err *types.Error
		if config, err = boundStdin(); err != nil {
			return err
		}
	}
	// The namespace is judged by the plugins, which tell a missing one from a wrong one.
	if err := os.Setenv("CNI_NETNS_OVERRIDE", "1"); err != nil {
		return types.NewError(uint(CodeEnvironment), "set CNI_NETNS_OVERRIDE: "+err.Error(), "")
	}
	accepted := false
	accept := func(serve func(*skel.CmdArgs, *received) error) func(*skel.CmdArgs) error {
		return func(args *skel.CmdArgs) error {
			accepted = true
			return serve(args, config)
		}
	}
	err := skel.PluginMainFuncsWithError(skel.CNIFuncs{
		Add:    accept(func(args *skel.CmdArgs, c *received) error { return add(interruptible, p, args, c) }),
		Del:    accept(serve(ctx, del, p.Del)),
		Check:  accept(serve(ctx, check, p.Check)),
		GC:     accept(serve(ctx, gc, p.GC)),
		Status: accept(serve(ctx, status, p.Status)),
	}, version.All, p.About)
	if err != nil && !accepted {
		err.Msg = "accept call: " + err.Msg // skel's own words
	}
	return err
}

// Versions lists the versions of the spec that are spoken.
func Versions() []string { return version.All.SupportedVersions() }

// serve makes skel's function of a verb without a result.
func serve(ctx context.Context, v verb, do func(context.Context, Request) error) func(*skel.CmdArgs, *received) error {
	return func(args *skel.CmdArgs, c *received) error {
		return wireError(handle(ctx, v, args, c, do))
	}
}

func add(interruptible func() context.Context, p Plugin, args *skel.CmdArgs, c *received) error {
	return wireError(handle(context.Background(), verbAdd, args, c, func(_ context.Context, r Request) error {
		ctx := interruptible()
		result, err := p.Add(ctx, r)
		if err != nil {
			return err
		}
		return deliver(ctx, p, &r, &result)
	}))
}

// handle makes a request of a call, has it served, and notes how that went.
func handle(ctx context.Context, v verb, args *skel.CmdArgs, c *received, do func(context.Context, Request) error) error {
	r, err := newRequest(v, args, c)
	if err != nil {
		return err
	}
	defer r.close()
	err = do(ctx, r)
	r.logOutcome(ctx, v, err)
	return err
}

// deliver prints the result; an attachment that the runtime never hears of is taken back.
func deliver(ctx context.Context, p Plugin, r *Request, result *Result) error {
	err := printResult(result, r.version)
	if err == nil {
		return nil
	}
	err = &Error{Code: CodeIO, Message: "write result: " + err.Error()}
	return errors.Join(err, p.Del(context.WithoutCancel(ctx), *r))
}

func printResult(result *Result, version string) error {
	if !result.passOn || result.received == nil {
		return printWire(result.wire(), version)
	}
	_, err := os.Stdout.Write(result.received)
	return err
}
