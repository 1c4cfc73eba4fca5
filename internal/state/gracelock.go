package state

import (
	"context"
	"fmt"
	"path/filepath"
)

const graceLock = "grace.lock"

// LockRemoval is LockKernel for the removal of rules, which AwaitRemovals waits for.
func (s *Store) LockRemoval(ctx context.Context) (unlock func(), err error) {
	announced, err := lockFile(ctx, filepath.Join(s.dir, graceLock), shared)
	if err != nil {
		return nil, fmt.Errorf("lock removals: %w", err)
	}
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
