package fence

import (
	"errors"
	"fmt"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// The tables of the book: what each owner needs, and for each element who needs it.
const (
	owners state.Table = "fence-owners"
	users  state.Table = "fence-users"
)

// use is one owner's need of an element.
type use struct {
	Owner   attachment.Owner `json:"owner"`
	Element Element          `json:"element"`
}

func (e Element) bookKey() []byte { return append([]byte(e.String()), 0) }

func (u use) key() []byte { return append(u.Element.bookKey(), u.Owner.Key()...) }

// entry is the element as the kernel shall hold it for its user.
func (u use) entry() entry {
	if u.Element.ofPort() {
		return entry{u.Element, u.Owner.Mark()}
	}
	return entry{u.Element, ""}
}

// Claim enters in the book what an owner needs, in place of what it needed before. The kernel
// follows by Keeper.Apply.
func Claim(tx *state.Tx, owner attachment.Owner, list []Element) error {
	if err := forget(tx, owner); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	list = sorted(list)
	for _, e := range list {
		u := use{owner, e}
		if err := state.Put(tx, users, u.key(), u); err != nil {
			return err
		}
	}
	return state.Put(tx, owners, owner.Key(), list)
}

// Recorded returns what the book says that an owner needs.
func Recorded(tx *state.Tx, owner attachment.Owner) ([]Element, error) {
	list, _, err := state.Get[[]Element](tx, owners, owner.Key())
	return *list, err
}

// OfHost returns the elements of a set that is about the host itself. Everybody has the same, so that
// it asks one owner only, however many there are.
func OfHost(tx *state.Tx, s Set) (list []Element, err error) {
	err = state.Each(tx, users, []byte(s.String()+" "), func(_ []byte, u *use) error {
		all, err := Recorded(tx, u.Owner)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(all, func(e Element) bool { return e.Set != s })
		return state.ErrStop
	})
	return list, err
}

// forget removes an owner from the book.
func forget(tx *state.Tx, owner attachment.Owner) error {
	list, err := Recorded(tx, owner)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := state.Delete(tx, users, use{owner, e}.key()); err != nil {
			return err
		}
	}
	return state.Delete(tx, owners, owner.Key())
}

// alone are those of an owner's elements that nobody else needs.
func alone(tx *state.Tx, owner attachment.Owner) ([]entry, error) {
	list, err := Recorded(tx, owner)
	var only []entry
	for _, e := range list {
		shared := false
		if err == nil {
			err = state.Each(tx, users, e.bookKey(), func(_ []byte, u *use) error {
				if u.Owner != owner {
					shared = true
					return state.ErrStop
				}
				return nil
			})
		}
		if !shared {
			only = append(only, use{owner, e}.entry())
		}
	}
	return only, err
}

// nobodyBut reports whether the owner is the only one in the book, or nobody is.
func nobodyBut(tx *state.Tx, owner attachment.Owner) (bool, error) {
	only := true
	err := state.Each(tx, users, nil, func(_ []byte, u *use) error {
		if u.Owner != owner {
			only = false
			return state.ErrStop
		}
		return nil
	})
	return only, err
}

// wanted is all that the kernel shall hold, but for one owner on its way out, which may be the
// zero Owner.
func wanted(tx *state.Tx, except attachment.Owner) ([]entry, error) {
	var list []entry
	var last Element
	err := state.Each(tx, users, nil, func(_ []byte, u *use) error {
		if u.Owner != except && u.Element != last {
			list, last = append(list, u.entry()), u.Element
		}
		return nil
	})
	return list, err
}

// Check verifies that owners and elements agree, and that every owner is attached.
func Check(tx *state.Tx) error {
	needs := 0
	err := state.Each(tx, users, nil, func(_ []byte, u *use) error {
		needs++
		if _, ok, err := tx.Attachment(u.Owner); err != nil || !ok {
			return errors.Join(fmt.Errorf("check fence: %s is needed by %s, which is not attached", u.Element, u.Owner), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = state.Each(tx, owners, nil, func(_ []byte, list *[]Element) error {
		needs -= len(*list)
		return nil
	})
	if err == nil && needs != 0 {
		err = fmt.Errorf("check fence: owners and elements differ by %d", needs)
	}
	return err
}
