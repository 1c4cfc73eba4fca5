package main

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// memory runs a program and notes how much memory it had at most, in kilobytes. It is done here
// since a process begins with the peak of the one that starts it, and this one is small.
func memory(file, program string) error {
	cmd := exec.Command(program)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return err
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if err := os.WriteFile(file, strconv.AppendInt(nil, usage.Maxrss, 10), 0o600); err != nil {
		return err
	}
	return err
}
