package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 3 && args[0] == "serve" {
		return serve(args[1], args[2])
	}
	if len(args) == 3 && args[0] == "ask" {
		return ask(args[1], args[2])
	}
	if len(args) == 2 && args[0] == "talk" {
		return talk(args[1])
	}
	return errors.New("usage: probe serve NAME PORT | probe ask tcp|udp HOST:PORT | probe talk HOST:PORT")
}
