package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes VERB NETNS PORTS DUAL.
func run(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: floor attach|detach|publish|unpublish NETNS PORTS DUAL")
	}
	ports, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	dual := args[3] == "true"
	switch args[0] {
	case "attach":
		return attach(args[1], dual)
	case "detach":
		return detach()
	case "publish":
		return publish(ports, dual)
	case "unpublish":
		return unpublish(ports, dual)
	}
	return fmt.Errorf("unknown verb %q", args[0])
}
