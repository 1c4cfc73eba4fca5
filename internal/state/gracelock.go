package state

import (
	"context"
	"path/filepath"
	"time"

	"vethbridge/internal/failure"
)

const graceLock = "grace.lock"

// announceLimit is long for a lock that others hold for no longer than it takes to let it go.
const announceLimit = 100 * time.Millisecond

// LockRemoval is LockKernel for the removal of rules, which AwaitRemovals waits for. A removal that can't be
// announced, on a full disk for instance, goes on all the same: only time depends on that.
func (s *Store) LockRemoval(ctx context.Context) (unlock func(), err error) {
	soon, cancel := context.WithTimeout(ctx, announceLimit)
	defer cancel()
	announced, _ := lockFile(soon, filepath.Join(s.dir, graceLock), shared) // what is not had lets nothing go
	kernel, err := s.LockKernel(ctx)
	if err != nil {
		announced.release()
		return nil, err
	}
	return func() {
		kernel()
		announced.release()
	}, nil
}

// AwaitRemovals waits for all who are about to remove rules, until ctx ends. Whoever has removed some calls
// it with no lock held, before closing the netfilter socket: the close waits for a grace period, and nobody
// can change rules meanwhile (nft_rcv_nl_event in net/netfilter/nf_tables_api.c). If each closed right after
// its own removal, many at once would stand in line, with a grace period for each; so one is for all.
func (s *Store) AwaitRemovals(ctx context.Context) {
	if held, err := lockFile(ctx, filepath.Join(s.dir, graceLock), exclusive); err == nil {
		held.release()
	}
}

// Holding runs fn with a lock held, LockKernel or LockRemoval, which is for what is named.
func Holding(ctx context.Context, what string, lock func(context.Context) (unlock func(), err error), fn func() error) error {
	unlock, err := lock(ctx)
	if err != nil {
		return failure.To(what, err)
	}
	defer unlock()
	return fn()
}
