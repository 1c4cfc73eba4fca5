package netns

import (
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Do runs fn inside the namespace, on an OS thread of its own. A thread that can't come
// back is not used again.
func (n *Namespace) Do(fn func() error) error {
	done := make(chan error, 1)
	go func() { done <- n.do(fn) }()
	return <-done
}

func (n *Namespace) do(fn func() error) error {
	runtime.LockOSThread()
	home, err := own()
	if err != nil {
		return err
	}
	defer unix.Close(home)
	if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return failure.To("enter network namespace "+strconv.Quote(n.identity.Path), err)
	}
	err = fn()
	// The goroutine ends with the thread locked, and the runtime ends the thread, unless it
	// is home again.
	if unix.Setns(home, unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	return err
}
