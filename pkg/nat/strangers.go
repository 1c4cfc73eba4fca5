package nat

import (
	"net/netip"
	"slices"
	"strings"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// strangers are the entries of have whose owners the book does not know, and that clash
// with nothing that it wants.
func strangers(tx *state.Tx, want, have *Ruleset) ([]Entry, error) {
	if len(have.Entries) == 0 {
		return nil, nil
	}
	known, err := tx.Attachments("")
	marks := map[string]bool{}
	for _, a := range known {
		marks[a.Owner.Mark()] = true
	}
	return slices.DeleteFunc(slices.Clone(have.Entries), func(e Entry) bool {
		return marks[e.Mark] || !strings.HasPrefix(e.Mark, attachment.MarkPrefix) ||
			slices.ContainsFunc(want.Entries, func(w Entry) bool { return w.Mapping.meets(&e.Mapping) })
	}), err
}

// keeping adds entries of the kernel, and those of its networks that they lead into.
func (r Ruleset) keeping(entries []Entry, there []Network) Ruleset {
	if len(entries) == 0 {
		return r
	}
	r.Entries = append(r.Entries, entries...)
	SortEntries(r.Entries)
	list := slices.Clone(r.Networks)
	for _, n := range there {
		leadsInto := slices.ContainsFunc(entries, func(e Entry) bool { return n.Prefix.Contains(e.Mapping.Target.Addr()) })
		if leadsInto && !slices.ContainsFunc(list, n.clashes) {
			list = append(list, n)
		}
	}
	r.Networks = inKernel(list)
	return r
}

// Adopt enters in a book that is rebuilt what the kernel holds for an owner: the mappings
// with its mark, and the networks that its addresses lie in.
func Adopt(tx *state.Tx, owner attachment.Owner, addresses []netip.Prefix, held map[Kind]Ruleset) error {
	for kind := range Kind(len(kinds)) {
		t := Translations{Mappings: held[kind].of(owner.Mark())}
		for _, n := range held[kind].Networks {
			own := slices.ContainsFunc(addresses, func(a netip.Prefix) bool { return a.Masked() == n.Prefix })
			if own && n.Treatment != Inside {
				t.Networks = append(t.Networks, n)
			}
		}
		if !t.Empty() {
			return Claim(tx, owner, PartNatport, kind, t.canonical())
		}
	}
	return nil
}

// of lists the mappings that carry a mark.
func (r Ruleset) of(mark string) []Mapping {
	var list []Mapping
	for _, e := range r.Entries {
		if e.Mark == mark {
			list = append(list, e.Mapping)
		}
	}
	return list
}
