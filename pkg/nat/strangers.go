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
func strangers(tx *state.Tx, want, have Ruleset) ([]Entry, error) {
	hosts := map[string][]netip.Addr{}
	for _, e := range want.Entries {
		port := string(portPrefix(e.Mapping))
		hosts[port] = append(hosts[port], e.Mapping.Host)
	}
	unknown := slices.DeleteFunc(slices.Clone(have.Entries), func(e Entry) bool {
		return !strings.HasPrefix(e.Mark, attachment.MarkPrefix) ||
			slices.ContainsFunc(hosts[string(portPrefix(e.Mapping))], func(h netip.Addr) bool { return clash(h, e.Mapping.Host) })
	})
	if len(unknown) == 0 {
		return nil, nil
	}
	known, err := tx.Attachments("")
	marks := map[string]bool{}
	for _, a := range known {
		marks[a.Owner.Mark()] = true
	}
	return slices.DeleteFunc(unknown, func(e Entry) bool { return marks[e.Mark] }), err
}

// keeping adds entries of the kernel, and those of its networks that they lead into.
func (r Ruleset) keeping(entries []Entry, there Networks) Ruleset {
	if len(entries) == 0 {
		return r
	}
	r.Entries = append(r.Entries, entries...)
	slices.SortFunc(r.Entries, Entry.compare)
	var targets []netip.Prefix
	for _, e := range entries {
		a := e.Mapping.Target.Addr()
		targets = append(targets, netip.PrefixFrom(a, a.BitLen()))
	}
	kept := there.covering(Networks{Masquerade: targets, Hairpin: targets, Inside: targets})
	r.Networks = Networks{
		Masquerade: cover(slices.Concat(r.Networks.Masquerade, kept.Masquerade)),
		Hairpin:    cover(slices.Concat(r.Networks.Hairpin, kept.Hairpin)),
		Inside:     cover(slices.Concat(r.Networks.Inside, kept.Inside)),
	}
	return r
}

// Adopt enters in a book that is rebuilt what the kernel holds for an owner: the mappings
// with its mark, and the networks that its addresses lie in.
func Adopt(tx *state.Tx, owner attachment.Owner, addresses []netip.Prefix, have Ruleset) error {
	t := Translations{Mappings: have.of(owner.Mark())}
	for _, a := range addresses {
		t.Masquerade = append(t.Masquerade, holding(have.Networks.Masquerade, a)...)
		t.Hairpin = append(t.Hairpin, holding(have.Networks.Hairpin, a)...)
	}
	return Claim(tx, owner, PartNatport, t.canonical())
}

func holding(networks []netip.Prefix, a netip.Prefix) []netip.Prefix {
	if slices.Contains(networks, a.Masked()) {
		return []netip.Prefix{a.Masked()}
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

func (r Ruleset) empty() bool { return len(r.Entries) == 0 && r.Networks.Empty() }
