package nat

import (
	"context"
	"errors"
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Expected is what the kernel shall have for a part of an owner, by its plan and by the book.
type Expected struct {
	by      Kind
	planned Ruleset
	differs error // the book, from the plan
}

// Expect compares what a part of an owner is planned to have with the book. What differs is told by Verify.
func Expect(tx *state.Tx, owner attachment.Owner, part Part, want *Translations) (*Expected, error) {
	recorded, _, err := lookup(tx, holder{owner, part})
	if err != nil {
		return nil, err
	}
	e := &Expected{by: recorded.Backend}
	mappings := recorded.mappings() // which say in which pieces the kernel has them
	if !(Translations{mappings, recorded.Translations.Networks}).equal(*want) {
		e.differs = fmt.Errorf("check translations: %s is recorded with other translations than its config asks for", owner)
	}
	needed, _, err := bothNetworks(tx, e.by, want.Networks)
	e.planned.Networks = covering(needed, inKernel(want.Networks))
	mark := owner.Mark()
	for i := range mappings {
		e.planned.Entries = append(e.planned.Entries, Entry{mark, mappings[i]})
	}
	return e, err
}

// Verify compares what is expected with the kernel. The error names all that differs.
func (k Keeper) Verify(ctx context.Context, e *Expected) error {
	return k.verify(ctx, e, func(kind Kind, asked Ruleset) (Ruleset, error) {
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

// Verify is that of the keeper.
func (m Moment) Verify(ctx context.Context, e *Expected) error {
	return m.keeper.verify(ctx, e, func(kind Kind, _ Ruleset) (Ruleset, error) {
		have, known := m.held[kind]
		if !known {
			have.Ruleset, have.err = m.keeper.Backends[kind].List(ctx)
			m.held[kind] = have
		}
		return have.Ruleset, have.err
	})
}

func (k Keeper) verify(ctx context.Context, e *Expected, find func(Kind, Ruleset) (Ruleset, error)) error {
	if e.differs != nil || e.planned.empty() {
		return e.differs
	}
	have, err := find(e.by, e.planned)
	if err != nil {
		return err
	}
	if have.Otherwise { // it works, and where to look is not known
		k.Log.WarnContext(ctx, "translations are not compared", "because", errOtherwise)
		return nil
	}
	return errors.Join(missing(&e.planned, &have)...)
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
