package nat

import (
	"context"

	"vethbridge/internal/state"
)

// wholeTable says of which backends the book has everything that they hold. It is lost with the
// book, and then the kernel may hold more.
const wholeTable state.Table = "nat-whole"

func wholeKey(k Kind) []byte { return []byte{byte(k)} }

// noteWhole notes whether a backend holds nothing that the book doesn't know.
func (k Keeper) noteWhole(ctx context.Context, kind Kind, whole bool) error {
	known, err := k.isWhole(ctx, kind)
	if err != nil || known == whole {
		return err
	}
	return k.Store.Update(ctx, func(tx *state.Tx) error { return state.Put(tx, wholeTable, wholeKey(kind), whole) })
}

func (k Keeper) isWhole(ctx context.Context, kind Kind) (whole bool, err error) {
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		noted, _, err := state.Get[bool](tx, wholeTable, wholeKey(kind))
		whole = *noted
		return err
	})
	return whole, err
}

// letWrite lets a backend of iptables, which would have to read all there is, write what the book
// says.
func (k Keeper) letWrite(ctx context.Context, kind Kind, c *Change, except *holder) error {
	if kind == Nftables {
		return nil
	}
	whole, err := k.isWhole(ctx, kind)
	if err != nil || !whole {
		return err
	}
	c.Whole = func(ctx context.Context) (r Ruleset, err error) {
		err = k.Store.View(ctx, func(tx *state.Tx) (err error) {
			r, err = ruleset(tx, kind, except)
			return err
		})
		return r, err
	}
	return nil
}
