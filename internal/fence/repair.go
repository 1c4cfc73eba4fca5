package fence

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/nftables"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/state"
)

// Repair restores the kernel from the book if they differ, and reports whether they did.
func (k Keeper) Repair(ctx context.Context) (changed bool, err error) {
	err = k.locked(ctx, func() error {
		list, err := k.differences(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		changed = true
		return k.restore(ctx, attachment.Owner{})
	})
	return changed, err
}

// Heal restores all where both tables are lost, as after "nft flush ruleset", and reports whether they were. It costs a
// message or two while one of them is there.
func (k Keeper) Heal(ctx context.Context) (lost bool, err error) {
	for _, t := range []*nftables.Table{guardTable(), wallsTable()} {
		if there, err := k.Conn.HasTable(t); there || err != nil {
			return false, err
		}
	}
	if lost, err = k.needed(ctx); err != nil || !lost {
		return false, err
	}
	err = k.locked(ctx, func() error {
		if lost, err = k.needed(ctx); err != nil || !lost { // a DEL was faster
			return err
		}
		return k.restore(ctx, attachment.Owner{})
	})
	return lost, err
}

// needed reports whether anybody of this boot needs anything.
func (k Keeper) needed(ctx context.Context) (some bool, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		return state.Each(tx, owners, nil, func(_ []byte, c *claim) error {
			a, _, err := tx.Attachment(c.Owner)
			if err == nil && a.BootID == tx.BootID() {
				some, err = true, state.ErrStop
			}
			return err
		})
	})
	return some, err
}

// VerifyAll compares the kernel with the book for all owners. The error names all that
// differs.
func (k Keeper) VerifyAll(ctx context.Context) error {
	list, err := k.differences(ctx)
	return errors.Join(append(list, err)...)
}

// comparable is ErrOtherwise where a table is made otherwise.
func (k Keeper) comparable() error {
	for _, t := range tables() {
		if made, err := k.Conn.Made(t.Table); err != nil {
			return err
		} else if made == netfilter.Otherwise {
			return failure.To("check fence", ErrOtherwise)
		}
	}
	return nil
}

func (k Keeper) differences(ctx context.Context) (list []error, err error) {
	if err := k.comparable(); errors.Is(err, ErrOtherwise) {
		return []error{err}, nil
	} else if err != nil {
		return nil, err
	}
	want, err := k.wanted(ctx, attachment.Owner{})
	if err != nil {
		return nil, err
	}
	have, missing, err := k.kernel().list()
	if err != nil {
		return nil, err
	}
	for _, part := range missing {
		list = append(list, fmt.Errorf("check fence: %s is missing", part))
	}
	for _, e := range want {
		if !slices.Contains(have, e) {
			list = append(list, fmt.Errorf("check fence: %s is missing", e.Element))
		}
	}
	for _, e := range have {
		if !slices.Contains(want, e) {
			list = append(list, fmt.Errorf("check fence: %s belongs to nobody", e.Element))
		}
	}
	return list, nil
}

// Held is what the kernel held at one moment.
type Held []entry

// Held reads what the kernel holds. The error is ErrOtherwise where that is not to be understood.
func (k Keeper) Held() (Held, error) {
	if err := k.comparable(); err != nil {
		return nil, err
	}
	have, _, err := k.kernel().list()
	return have, err
}

// Has reports whether it has any element of a set.
func (h Held) Has(s Set) bool {
	return slices.ContainsFunc(h, func(e entry) bool { return e.Set == s })
}

// Adopt enters in a book that is rebuilt what the kernel holds for an owner: what carries its
// mark, the walls of its bridge, and what is about the host.
func Adopt(tx *state.Tx, owner attachment.Owner, bridge string, have Held) error {
	var list []Element
	for _, e := range have {
		if e.mark == owner.Mark() || !e.ofPort() && e.Link == bridge || e.ofHost() {
			list = append(list, e.Element)
		}
	}
	return Claim(tx, owner, list)
}
