package fence

import (
	"bytes"
	"fmt"
	"strings"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/state"
)

// The tables of the book: what each owner needs, and how many of them need each element that is not of one port. Who they
// are stands in the first: with a key for each of them, an owner's elements would lie on as many pages of the file.
const (
	owners   state.Table = "fence-owners"
	together state.Table = "fence-shared"
)

// claim is what one owner needs.
type claim struct {
	Owner    attachment.Owner `json:"owner"`
	Elements []Element        `json:"elements"`
}

// entry is an element as the kernel shall hold it for an owner.
func (c *claim) entry(e Element) entry {
	if e.ofPort() {
		return entry{e, c.Owner.Mark()}
	}
	return entry{e, ""}
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
	c := claim{owner, sorted(list)}
	if err := c.count(tx, 1); err != nil {
		return err
	}
	return state.Put(tx, owners, owner.Key(), c)
}

// count enters that so many more need what the claim has in common with others.
func (c *claim) count(tx *state.Tx, more int) error {
	for _, e := range c.Elements {
		if e.ofPort() {
			continue
		}
		if err := state.AddTo(tx, together, e.String(), more); err != nil {
			return err
		}
	}
	return nil
}

func recorded(tx *state.Tx, owner attachment.Owner) (*claim, error) {
	c, _, err := state.Get[claim](tx, owners, owner.Key())
	return c, err
}

// Recorded returns what the book says that an owner needs.
func Recorded(tx *state.Tx, owner attachment.Owner) ([]Element, error) {
	c, err := recorded(tx, owner)
	return c.Elements, err
}

// OfHost returns the elements of a set that is about the host itself, of which only links are told. Everybody has the same.
func OfHost(tx *state.Tx, s Set) (list []Element) {
	prefix := s.String() + " "
	for key := range state.KeysWith(tx, together, []byte(prefix)) {
		list = append(list, Element{Set: s, Link: strings.TrimPrefix(string(key), prefix)})
	}
	return list
}

// forget removes an owner from the book.
func forget(tx *state.Tx, owner attachment.Owner) error {
	c, err := recorded(tx, owner)
	if err != nil {
		return err
	}
	if err := c.count(tx, -1); err != nil {
		return err
	}
	return state.Delete(tx, owners, owner.Key())
}

// alone are those of a claim's elements that nobody else needs.
func (c *claim) alone(tx *state.Tx) (only []entry, err error) {
	for _, e := range c.Elements {
		if !e.ofPort() {
			n, err := state.NumberAt(tx, together, e.String())
			if err != nil {
				return nil, err
			}
			if n > 1 {
				continue
			}
		}
		only = append(only, c.entry(e))
	}
	return only, nil
}

// nobodyBut reports whether the owner is the only one in the book, or nobody is.
func nobodyBut(tx *state.Tx, owner attachment.Owner) bool {
	for key := range state.Keys(tx, owners, nil) {
		if !bytes.Equal(key, owner.Key()) {
			return false
		}
	}
	return true
}

// wanted is all that the kernel shall hold, but for one owner on its way out, which may be the
// zero Owner.
func wanted(tx *state.Tx, except attachment.Owner) (list []entry, err error) {
	seen := map[string]bool{}
	err = state.Each(tx, owners, nil, func(_ []byte, c *claim) error {
		if c.Owner == except {
			return nil
		}
		for _, e := range c.Elements {
			if !e.ofPort() {
				if seen[e.String()] {
					continue
				}
				seen[e.String()] = true
			}
			list = append(list, c.entry(e))
		}
		return nil
	})
	return list, err
}

// Check verifies that as many are counted for each element as need it, and that every owner is attached.
func Check(tx *state.Tx) error {
	needs := map[string]int{}
	err := state.Each(tx, owners, nil, func(_ []byte, c *claim) error {
		for _, e := range c.Elements {
			if !e.ofPort() {
				needs[e.String()]++
			}
		}
		_, ok, err := tx.Attachment(c.Owner)
		if err == nil && !ok {
			err = fmt.Errorf("%s has one, and is not attached", c.Owner)
		}
		return err
	})
	if err == nil {
		err = state.CheckNumbers(tx, together, needs)
	}
	if err != nil {
		return failure.To("check fence", err)
	}
	return nil
}
