package fence

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/netfilter"
)

// Verify compares what an owner is planned to have with what the book has (Recorded) and with the kernel, by as
// many look-ups. The error names all that differs.
func (k Keeper) Verify(ctx context.Context, owner attachment.Owner, recorded, want []Element) error {
	for _, e := range recorded {
		if e.ofHost() { // which is no matter of a config
			want = append(want, e)
		}
	}
	if !slices.Equal(recorded, sorted(want)) {
		return fmt.Errorf("check fence: %s is recorded with another one than its config asks for", owner)
	}
	var missing []error
	for _, t := range tables() {
		err := k.verifyTable(ctx, t, slices.DeleteFunc(slices.Clone(want), func(e Element) bool { return !t.has(e) }))
		missing = append(missing, err)
	}
	return errors.Join(missing...)
}

func (k Keeper) verifyTable(ctx context.Context, t table, want []Element) error {
	if len(want) == 0 {
		return nil
	}
	made, err := k.Conn.Made(t.Table)
	switch {
	case err != nil:
		return err
	case made == netfilter.Otherwise: // it works, and where to look is not known
		k.Log.WarnContext(ctx, "fence is not compared", "because", ErrOtherwise)
		return nil
	case made == netfilter.Absent:
		return fmt.Errorf("check fence: table %s is missing", t)
	}
	var missing []error
	for _, e := range want {
		_, held, err := k.Conn.Get(e.Set.nft(), e.key())
		if err != nil {
			return err
		}
		if !held {
			missing = append(missing, fmt.Errorf("check fence: %s is missing", e))
		}
	}
	rules, err := k.Conn.MissingRules(t.Table, t.chains)
	for _, r := range rules {
		missing = append(missing, fmt.Errorf("check fence: %s is missing", r))
	}
	return errors.Join(append(missing, err)...)
}
