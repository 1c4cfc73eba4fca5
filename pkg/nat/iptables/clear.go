package iptables

import (
	"context"
	"errors"

	"vethbridge/internal/failure"
)

// Clear removes our chains and the jumps to them; a family that can't be cleared does not
// keep the other from it.
func (b *Backend) Clear(ctx context.Context) error {
	var failed error
	for _, f := range families() {
		failed = errors.Join(failed, b.clear(ctx, &f))
	}
	if failed != nil {
		return failure.To("remove translations", failed)
	}
	return nil
}

func (b *Backend) clear(ctx context.Context, f *family) error {
	s, err := b.save(ctx, f)
	if err != nil || s.empty() {
		return err
	}
	return b.restore(ctx, f, removing(s))
}
