package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"vethbridge/integration/bench/kernel"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes VERB NETNS NUMBER FIRSTPORT PORTS DUAL BRIDGE, or memory FILE PROGRAM, or wait.
func run(args []string) error {
	if len(args) == 3 && args[0] == "memory" {
		return memory(args[1], args[2])
	}
	if len(args) == 1 && args[0] == "wait" {
		time.Sleep(24 * time.Hour) // all that a container has to do here
	}
	if len(args) != 7 {
		return errors.New("usage: floor attach|detach|publish|unpublish NETNS NUMBER FIRSTPORT PORTS DUAL BRIDGE")
	}
	number, err1 := strconv.Atoi(args[2])
	first, err2 := strconv.Atoi(args[3])
	ports, err3 := strconv.Atoi(args[4])
	bridge, err4 := strconv.Atoi(args[6])
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	on := kernel.Bridge{Number: bridge, Dual: args[5] == "true"}
	return kernel.Call{Verb: args[0], Netns: args[1], Number: number, First: first, Ports: ports, On: on}.Run()
}
