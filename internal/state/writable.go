package state

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// trial is what is written to see whether there is room for an attachment. It takes a page for each of its keys, about as
// many as one transaction may take before those that the former one has left can be used again.
const trial Table = "trial"

const (
	trialPages = 32
	trialBytes = 3000 // two of them don't fit a page
)

// Writable fails if nothing can come to the book now. It writes to it, which says all while the file system has room. Where it
// has little, as much is tried as an attachment may take, and the files that it locks: there may be room inside of the state file.
func (s *Store) Writable(ctx context.Context) error {
	if err := s.Update(ctx, func(*Tx) error { return nil }); err != nil || !s.short(2*trialPages<<12, 8) {
		return err
	}
	for _, name := range []string{ownerLock, kernelLock} {
		fd, err := openPlain(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return failure.To("make a file in the state directory", err)
		}
		unix.Close(fd)
	}
	err := s.Update(ctx, func(tx *Tx) error {
		for n := range trialPages {
			if err := PutEncoded(tx, trial, []byte{byte(n)}, make(Encoded, trialBytes)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Update(ctx, func(tx *Tx) error { return tx.book.DeleteBucket([]byte(trial)) })
}
