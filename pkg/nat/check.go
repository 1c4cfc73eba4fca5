package nat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Check compares what a part of an owner is planned to have with the book and with the
// kernel. The error names all that differs.
func (k Keeper) Check(ctx context.Context, owner attachment.Owner, part Part, want Translations) error {
	recorded, err := k.recorded(ctx, holder{owner, part})
	if err != nil {
		return err
	}
	if !equal(recorded, want) {
		return fmt.Errorf("check translations: %s is recorded with other translations than its config asks for", owner)
	}
	if want.Empty() {
		return nil
	}
	var needed Networks
	err = k.Store.View(ctx, func(tx *state.Tx) error {
		needed, err = networks(tx, nil)
		return err
	})
	if err != nil {
		return err
	}
	have, err := k.Backend.List(ctx)
	if err != nil {
		return err
	}
	planned := Ruleset{Networks: needed.covering(networksOf(want))}
	for _, m := range want.Mappings {
		planned.Entries = append(planned.Entries, Entry{Mark: owner.Mark(), Mapping: m})
	}
	return errors.Join(missing(planned, have)...)
}

func equal(a, b Translations) bool {
	return slices.Equal(a.Mappings, b.Mappings) && slices.Equal(a.Masquerade, b.Masquerade) && slices.Equal(a.Hairpin, b.Hairpin)
}

// networksOf are the networks of translations as they are, not yet disjoint.
func networksOf(t Translations) Networks {
	return Networks{Masquerade: t.Masquerade, Hairpin: t.Hairpin, Inside: canonicalPrefixes(slices.Concat(t.Masquerade, t.Hairpin))}
}

// covering returns those prefixes of n that cover the ones of o.
func (n Networks) covering(o Networks) Networks {
	pick := func(list, wanted []netip.Prefix) []netip.Prefix {
		return slices.DeleteFunc(slices.Clone(list), func(p netip.Prefix) bool {
			return !slices.ContainsFunc(wanted, p.Overlaps)
		})
	}
	return Networks{
		Masquerade: pick(n.Masquerade, o.Masquerade), Hairpin: pick(n.Hairpin, o.Hairpin), Inside: pick(n.Inside, o.Inside),
	}
}

// missing lists what have lacks of want.
func missing(want, have Ruleset) []error {
	var list []error
	for _, part := range have.Missing {
		list = append(list, fmt.Errorf("check translations: %s is missing", part))
	}
	held := map[string]Entry{}
	for _, e := range have.Entries {
		held[string(portKey(e.Mapping))] = e
	}
	for _, e := range want.Entries {
		h, ok := held[string(portKey(e.Mapping))]
		switch {
		case !ok:
			list = append(list, fmt.Errorf("check translations: mapping %s is missing", e.Mapping))
		case h.Mapping != e.Mapping:
			list = append(list, fmt.Errorf("check translations: mapping %s leads to %s", e.Mapping, h.Mapping.Target))
		}
	}
	rest := want.Networks.minus(have.Networks)
	for _, p := range canonicalPrefixes(slices.Concat(rest.Masquerade, rest.Hairpin, rest.Inside)) {
		list = append(list, fmt.Errorf("check translations: network %s is missing", p))
	}
	return list
}

// differences lists what have lacks of want, and what it has beyond it.
func differences(want, have Ruleset) []error {
	if want.empty() && len(have.Entries) == 0 && have.Networks.Empty() {
		return nil
	}
	return append(missing(want, have), missing(Ruleset{Entries: have.Entries, Networks: have.Networks}, want)...)
}
