package iptables

import (
	"context"

	"vethbridge/pkg/nat"
)

// applyWhole writes what the book says after a change, by one program for each family. It reports
// false if the book can't tell, or if the programs refuse: the jumps to our chains may not be there.
func (b *Backend) applyWhole(ctx context.Context, c *nat.Change) (done bool, err error) {
	if c.Whole == nil || c.Empty() {
		return false, nil
	}
	after, err := c.Whole(ctx)
	if err != nil {
		return false, err
	}
	for _, f := range touched(c) {
		rules, err := f.rules(&after)
		if err != nil {
			return false, err
		}
		err = b.restore(ctx, &f, rewriting(rules))
		if err != nil && refused(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
