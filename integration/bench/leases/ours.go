package main

import (
	"context"
	"fmt"
	"os/exec"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// operate, as first argument, makes this program one operation of ours.
const operate = "operate"

func owner(n int) attachment.Owner {
	return attachment.Owner{Network: "bench", ContainerID: fmt.Sprintf("c%06d", n), IfName: "eth0"}
}

// measured is the owner of the address that is measured.
var measured = attachment.Owner{Network: "bench", ContainerID: "measured", IfName: "eth0"}

func ourAllocator(dir, subnet string, leases int) contender {
	self := func(verb string) func() (*exec.Cmd, error) {
		return func() (*exec.Cmd, error) { return exec.Command("/proc/self/exe", operate, verb, dir, subnet), nil }
	}
	return contender{
		name:     "ours",
		fill:     func() error { return fillBook(dir, subnet, leases, state.Netns{}) },
		allocate: self("allocate"), release: self("release"),
	}
}

// fillBook leases addresses to attachments of a namespace.
func fillBook(dir, subnet string, leases int, ns state.Netns) error {
	store, err := state.Open(dir)
	if err != nil {
		return err
	}
	return store.Update(context.Background(), func(tx *state.Tx) error {
		for n := range leases {
			if err := allocate(tx, owner(n), subnet, ns); err != nil {
				return err
			}
		}
		return nil
	})
}

// operation is what one start of a plugin does to the book.
func operation(verb, dir, subnet string) error {
	store, err := state.Open(dir)
	if err != nil {
		return err
	}
	return store.Update(context.Background(), func(tx *state.Tx) error {
		if verb == "allocate" {
			return allocate(tx, measured, subnet, state.Netns{})
		}
		if err := ipam.Release(tx, measured); err != nil {
			return err
		}
		return tx.DeleteAttachment(measured)
	})
}

func allocate(tx *state.Tx, o attachment.Owner, subnet string, ns state.Netns) error {
	config, err := ipam.DecodeConfig([]byte(fmt.Sprintf(`{"subnet": %q}`, subnet)), nil)
	if err != nil {
		return err
	}
	if _, err := ipam.Allocate(tx, ipam.Request{Owner: o, Sets: config.Sets}); err != nil {
		return err
	}
	return tx.PutAttachment(state.Attachment{Owner: o, BootID: tx.BootID(), Netns: ns})
}
