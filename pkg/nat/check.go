package nat

import (
	"context"
	"errors"
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Check compares what a part of an owner is planned to have with the book and with the
// kernel. The error names all that differs.
func (k Keeper) Check(ctx context.Context, owner attachment.Owner, part Part, want Translations) error {
	return k.check(ctx, owner, part, want, func(kind Kind, asked Ruleset) (Ruleset, error) {
		return k.Backends[kind].Find(ctx, asked)
	})
}

// Moment checks many owners by one list of each backend, of the moment at which the first one needed it: as many
// look-ups would cost more.
type Moment struct {
	keeper Keeper
	held   map[Kind]listed
}

type listed struct {
	Ruleset
	err error
}

// Moment begins one.
func (k Keeper) Moment() Moment { return Moment{k, map[Kind]listed{}} }

// Check is that of the keeper.
func (m Moment) Check(ctx context.Context, owner attachment.Owner, part Part, want Translations) error {
	return m.keeper.check(ctx, owner, part, want, func(kind Kind, _ Ruleset) (Ruleset, error) {
		have, known := m.held[kind]
		if !known {
			have.Ruleset, have.err = m.keeper.Backends[kind].List(ctx)
			m.held[kind] = have
		}
		return have.Ruleset, have.err
	})
}

func (k Keeper) check(ctx context.Context, owner attachment.Owner, part Part, want Translations, find func(Kind, Ruleset) (Ruleset, error)) error {
	var recorded record
	var needed []Network
	err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
		if recorded, _, err = lookup(tx, holder{owner, part}); err != nil {
			return err
		}
		needed, err = networks(tx, recorded.Backend, nil)
		return err
	})
	if err != nil {
		return err
	}
	if !recorded.translations().equal(want) {
		return fmt.Errorf("check translations: %s is recorded with other translations than its config asks for", owner)
	}
	if want.Empty() {
		return nil
	}
	planned := Ruleset{Networks: covering(needed, inKernel(want.Networks))}
	for _, m := range recorded.mappings() { // which say in which pieces the kernel has them
		planned.Entries = append(planned.Entries, Entry{Mark: owner.Mark(), Mapping: m})
	}
	have, err := find(recorded.Backend, planned)
	if err != nil {
		return err
	}
	if have.Otherwise { // it works, and where to look is not known
		k.Log.WarnContext(ctx, "translations are not compared", "because", errOtherwise)
		return nil
	}
	return errors.Join(missing(&planned, &have)...)
}

// errOtherwise says that nothing can be compared but by a release that knows the structure.
var errOtherwise = errors.New("check translations: they are as another release makes them")

// missing lists what have lacks of want.
func missing(want, have *Ruleset) []error {
	var list []error
	for _, part := range have.Missing {
		list = append(list, fmt.Errorf("check translations: %s is missing", part))
	}
	held := newHoldings(have.Entries)
	for _, e := range want.Entries {
		list = append(list, held.lack(&e)...)
	}
	for _, n := range without(want.Networks, have.Networks) {
		list = append(list, fmt.Errorf("check translations: %s is missing", n))
	}
	return list
}

// differences lists what have lacks of want, and what it has beyond it.
func differences(want, have *Ruleset) []error {
	switch {
	case have.Otherwise:
		return []error{errOtherwise}
	case want.empty() && have.empty():
		return nil
	}
	return append(missing(want, have), missing(&Ruleset{Entries: have.Entries, Networks: have.Networks}, want)...)
}
