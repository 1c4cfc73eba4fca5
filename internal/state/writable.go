package state

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// room is how many bytes one transaction of an attachment may take before those that it leaves can be used again.
const room = 128 << 10

// Writable fails if nothing can come to the book now, or if there is hardly room for one attachment more: what is free inside of the
// state file is not counted, since whoever filled the rest goes on. Where few files can be made, those are that an attachment locks.
func (s *Store) Writable(ctx context.Context) error {
	if err := s.Update(ctx, func(*Tx) error { return nil }); err != nil {
		return err
	}
	if s.short(room, 0) {
		return failure.To("keep room for an attachment in "+s.dir, unix.ENOSPC)
	}
	if !s.short(0, 8) {
		return nil
	}
	for _, name := range []string{ownerLock, kernelLock} {
		fd, err := openPlain(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return failure.To("make a file in the state directory", err)
		}
		unix.Close(fd)
	}
	return nil
}
