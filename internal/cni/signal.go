package cni

import (
	"context"
	"os/signal"
	"syscall"
)

// Interruptible begins to listen for the signals to end, of which an ADD makes a roll-back. Whatever the other verbs
// leave when they die, the next call goes on with.
//
// To listen takes two threads and a quarter of a millisecond, so it is done beside what an ADD has to read first. Who is
// about to change something waits for the context; until then, such a signal ends the process.
func Interruptible() (wait func() context.Context) {
	listening := make(chan context.Context, 1)
	go func() {
		ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT) // until the process ends
		listening <- ctx
	}()
	return func() context.Context { return <-listening }
}
