package nat

import (
	"errors"
	"fmt"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Part tells apart what different executables need for the same attachment: each replaces
// only its own.
type Part string

// The parts there are. Their values stand in the state file.
const (
	PartVethbridge Part = "vethbridge"
	PartNatport    Part = "natport"
)

// Claim enters in the book all that a part of an owner needs of a backend, in place of what it
// needed before; nothing is a removal. A host port that another owner holds is a
// *PortTakenError, a network that clashes with another's a *NetworkTakenError, after which the
// transaction must be given up. The kernel follows by Keeper.Apply.
func Claim(tx *state.Tx, owner attachment.Owner, part Part, by Kind, want Translations) error {
	h := holder{owner, part}
	had, known, err := lookup(tx, h)
	if err != nil || had.translations().equal(want) && had.Backend == by {
		return err
	}
	if err := drop(tx, h); err != nil {
		return err
	}
	if err := claimPorts(tx, h, want.Mappings); err != nil {
		return err
	}
	if err := enterNetworks(tx, by, want.Networks); err != nil {
		return err
	}
	r := newRecord(h, by, &want)
	r.Replaced = had.leftIn(known)
	return state.Put(tx, recordTable, h.key(), r)
}

// leftIn are the backends that may hold something after a record of a known holder is gone.
func (r *record) leftIn(known bool) []Kind {
	if !known {
		return nil
	}
	var list []Kind
	for kind := range Kind(len(kinds)) {
		if kind == r.Backend || slices.Contains(r.Replaced, kind) {
			list = append(list, kind)
		}
	}
	return list
}

// Recorded returns what the book says that a part of an owner needs, and whether it says anything.
func Recorded(tx *state.Tx, owner attachment.Owner, part Part) (Translations, bool, error) {
	r, known, err := lookup(tx, holder{owner, part})
	return r.translations(), known, err
}

// settle notes that the kernel holds what a record says, and nothing that it replaced.
func settle(tx *state.Tx, h holder) error {
	r, known, err := lookup(tx, h)
	if err != nil || !known {
		return err
	}
	if r.empty() {
		return drop(tx, h)
	}
	r.Replaced = nil
	return state.Put(tx, recordTable, h.key(), r)
}

// drop removes all of a holder's claims from the book.
func drop(tx *state.Tx, h holder) error {
	r, known, err := lookup(tx, h)
	if err != nil || !known {
		return err
	}
	return errors.Join(
		releasePorts(tx, r.mappings()),
		leaveNetworks(tx, r.Backend, r.Translations.Networks),
		state.Delete(tx, recordTable, h.key()),
	)
}

// alone reports whether the holder is the only one of a backend in the book, or nobody is.
func alone(tx *state.Tx, k Kind, h holder) (bool, error) {
	only := true
	type heldBy struct { // of a record, which may have thousands of mappings
		Holder  holder `json:"holder"`
		Backend Kind   `json:"backend"`
	}
	err := state.Each(tx, recordTable, nil, func(_ []byte, r *heldBy) error {
		if r.Holder != h && r.Backend == k {
			only = false
			return state.ErrStop
		}
		return nil
	})
	return only, err
}

// ruleset is what a backend shall hold for all holders but one, which may be nil. Ports of a former boot lead nowhere: until they are
// released they are the host's.
func ruleset(tx *state.Tx, k Kind, except *holder) (Ruleset, error) {
	nets, err := networks(tx, k, except)
	if err != nil {
		return Ruleset{}, err
	}
	former, err := formerBoot(tx)
	if err != nil {
		return Ruleset{}, err
	}
	r := Ruleset{Networks: nets}
	err = state.Each(tx, recordTable, nil, func(_ []byte, held *record) error {
		if held.Backend != k || except != nil && held.Holder == *except || former[held.Holder.Owner] {
			return nil
		}
		for _, m := range held.mappings() {
			r.Entries = append(r.Entries, Entry{Mark: held.Holder.Owner.Mark(), Mapping: m})
		}
		return nil
	})
	SortEntries(r.Entries)
	return r, err
}

// formerBoot are the owners whose boot is over.
func formerBoot(tx *state.Tx) (map[attachment.Owner]bool, error) {
	list, err := tx.Attachments("")
	former := map[attachment.Owner]bool{}
	for i := range list {
		if boot := list[i].BootID; boot != "" && boot != tx.BootID() {
			former[list[i].Owner] = true
		}
	}
	return former, err
}

// CheckBook verifies that claims and records agree, and that every holder is attached.
func CheckBook(tx *state.Tx) error {
	claims, networks := 0, map[string]int{}
	err := state.Each(tx, recordTable, nil, func(_ []byte, r *record) error {
		if _, ok, err := tx.Attachment(r.Holder.Owner); err != nil || !ok {
			return errors.Join(fmt.Errorf("check translations: %s is not attached", r.Holder.Owner), err)
		}
		for i := range r.Translations.Networks {
			networks[string(networkKey(r.Backend, &r.Translations.Networks[i]))]++
		}
		entries, err := checkClaims(tx, r)
		claims += entries
		return err
	})
	if err = errors.Join(err, checkNetworks(tx, networks)); err != nil {
		return err
	}
	known := func(key []byte, c *portClaim) error {
		if claims--; claims < 0 {
			return fmt.Errorf("check translations: claim %x of %s belongs to no record", key, c.Holder.Owner)
		}
		return nil
	}
	return errors.Join(state.Each(tx, portTable, nil, known), state.Each(tx, rangeTable, nil, known))
}
