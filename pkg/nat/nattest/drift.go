package nattest

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

func unrecorded(t *testing.T, f *fixture) {
	before := f.dump(t)
	f.replace(t, Owner(1), Cases()[1].Want)
	lost := newFixture(t, f.kind, f.backend())
	if err := lost.keeper.RemoveUnrecorded(t.Context(), Owner(2), false); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), f.keeper, Owner(1), Cases()[1].Want); err != nil {
		t.Errorf("removing another owner: %v", err)
	}
	if err := lost.keeper.RemoveUnrecorded(t.Context(), Owner(1), true); err != nil {
		t.Fatal(err)
	}
	if got := f.dump(t); got != before {
		t.Errorf("left over:\n%s", got)
	}
}

func strangersSurvive(t *testing.T, f *fixture) {
	f.replace(t, Owner(1), Cases()[1].Want)
	f.replace(t, Owner(2), Cases()[2].Want)
	whole := f.dump(t)
	f.replace(t, Owner(2), nat.Translations{})
	lost := newFixture(t, f.kind, f.backend())
	lost.replace(t, Owner(2), Cases()[2].Want)
	// A repair has something to do only if something is missing.
	drop := nat.Change{Mark: Owner(2).Mark(), Remove: Cases()[2].Want.Mappings[:1]}
	if err := f.backend().Apply(t.Context(), drop); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if changed, err := lost.keeper.Repair(t.Context()); err != nil || changed != want {
			t.Errorf("repair: changed %v, %v; want %v", changed, err, want)
		}
	}
	if got := f.dump(t); got != whole {
		t.Errorf("holds\n%swant\n%s", got, whole)
	}
}

func strangersOutlive(t *testing.T, f *fixture) {
	f.replace(t, Owner(1), Cases()[1].Want)
	whole := f.dump(t)
	lost := newFixture(t, f.kind, f.backend())
	lost.replace(t, Owner(2), Cases()[3].Want)
	lost.replace(t, Owner(2), nat.Translations{})
	if got := f.dump(t); got != whole {
		t.Errorf("holds\n%swant\n%s", got, whole)
	}
}

// halfDone: a claim takes the place of another and is killed before the kernel follows.
func halfDone(t *testing.T, f *fixture) {
	f.replace(t, Owner(1), Cases()[1].Want)
	before := f.dump(t)
	for _, finish := range []func() error{
		func() error { return nil },
		func() error { return f.keeper.Apply(t.Context(), Owner(2), nat.PartNatport) },
	} {
		whole := Cases()[3].Want
		f.replace(t, Owner(2), whole)
		err := f.store.Update(t.Context(), func(tx *state.Tx) error {
			return nat.Claim(tx, Owner(2), nat.PartNatport, f.kind, nat.Translations{Mappings: whole.Mappings[:1]})
		})
		if err := errors.Join(err, finish()); err != nil {
			t.Fatal(err)
		}
		f.replace(t, Owner(2), nat.Translations{})
		if got := f.dump(t); got != before {
			t.Errorf("holds\n%swant\n%s", got, before)
		}
	}
}

func wholeOrNotAtAll(t *testing.T, f *fixture) {
	f.replace(t, Owner(1), Cases()[1].Want)
	before := f.dump(t)
	added, held := Cases()[3].Want.Mappings, Cases()[1].Want.Mappings
	other := held[0]
	other.Target = added[0].Target
	wide := treated(nat.Hairpin, "10.0.0.0/8")
	for name, c := range map[string]nat.Change{
		"removal of a mapping that is not there": {Add: added[:1], Remove: added[1:]},
		"removal of a network that is not there": {Add: added, RemoveNetworks: wide},
		"another target for a port":              {Add: append(added[:1:1], other)},
		"a network over another":                 {Add: added, AddNetworks: wide},
	} {
		c.Mark = Owner(1).Mark()
		if err := f.backend().Apply(t.Context(), c); !errors.Is(err, nat.ErrDrift) {
			t.Errorf("%s: %v, want %v", name, err, nat.ErrDrift)
		}
		if got := f.dump(t); got != before {
			t.Errorf("%s changed the kernel:\n%s", name, got)
		}
	}
}

func checkNames(t *testing.T, f *fixture) {
	want := Cases()[1].Want
	for _, m := range want.Mappings {
		other := m
		other.Target = Cases()[2].Want.Mappings[0].Target
		if m.Host.Is6() {
			other.Target = Cases()[2].Want.Mappings[1].Target
		}
		f.replace(t, Owner(1), want)
		f.meddle(t, nat.Change{Mark: "someone", Remove: []nat.Mapping{m}, Add: []nat.Mapping{other}})
		f.differs(t, want, "leads to "+other.Target.String())
		f.meddle(t, nat.Change{Mark: "someone", Remove: []nat.Mapping{other}, Add: []nat.Mapping{m}})
		f.differs(t, want, m.String()+` belongs to "someone", not "`+Owner(1).Mark())
		f.meddle(t, nat.Change{Remove: []nat.Mapping{m}})
		f.differs(t, want, m.String()+" is missing")
	}
	for _, n := range want.Networks {
		f.replace(t, Owner(1), want)
		wide, narrow := n, n
		wide.Prefix, narrow.Prefix = netip.PrefixFrom(n.Prefix.Addr(), n.Prefix.Bits()-2), netip.PrefixFrom(n.Prefix.Addr(), n.Prefix.Bits()+2)
		had := n
		for _, other := range []nat.Network{wide, narrow} {
			f.meddle(t, nat.Change{RemoveNetworks: []nat.Network{had}, AddNetworks: []nat.Network{other}})
			f.differs(t, want, n.String()+" is missing")
			had = other
		}
		f.meddle(t, nat.Change{RemoveNetworks: []nat.Network{had}})
		f.differs(t, want, n.String()+" is missing")
	}
	f.differs(t, Cases()[2].Want, "other translations than its config")
}

// findSees asks for one thing after the other, while it is there and after it is gone.
func findSees(t *testing.T, f *fixture) {
	f.owns(t, nat.Ruleset{})
	for _, c := range Cases() {
		f.replace(t, Owner(1), c.Want)
		all, err := f.backend().List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.owns(t, all)
		for _, e := range all.Entries {
			one := nat.Ruleset{Entries: []nat.Entry{e}}
			f.finds(t, one, true)
			f.meddle(t, nat.Change{Remove: []nat.Mapping{e.Mapping}})
			f.finds(t, one, false)
		}
		for _, n := range all.Networks {
			one := nat.Ruleset{Networks: []nat.Network{n}}
			f.finds(t, one, true)
			f.meddle(t, nat.Change{RemoveNetworks: []nat.Network{n}})
			f.finds(t, one, false)
		}
	}
}

// owns wants the same owners from who is asked for them alone.
func (f *fixture) owns(t *testing.T, all nat.Ruleset) {
	t.Helper()
	marks, want := map[string]bool{}, map[string]bool{}
	all.EachMark(func(mark []byte) { want[string(mark)] = true })
	if err := f.backend().Marks(t.Context(), func(mark []byte) { marks[string(mark)] = true }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(marks, want) {
		t.Errorf("the owners are %v, want %v", marks, want)
	}
}

// finds wants the one thing that is asked for, or nothing in its place.
func (f *fixture) finds(t *testing.T, one nat.Ruleset, want bool) {
	t.Helper()
	found, err := f.backend().Find(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	there := false
	for _, e := range one.Entries {
		there = slices.Contains(found.Entries, e)
	}
	for _, n := range one.Networks {
		there = slices.Contains(found.Networks, n)
	}
	if there != want {
		t.Errorf("found %v of %v, want %v in\n%s", there, one, want, Dump(found))
	}
}

func (f *fixture) meddle(t *testing.T, c nat.Change) {
	t.Helper()
	if err := f.backend().Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) differs(t *testing.T, want nat.Translations, words string) {
	t.Helper()
	err := Check(t.Context(), f.keeper, Owner(1), want)
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("check says %v, want %q", err, words)
	}
}

// everyMappingCounted has no traffic: integration counts that.
func everyMappingCounted(t *testing.T, f *fixture) {
	for _, c := range Cases() {
		f.replace(t, Owner(1), c.Want)
		counts, err := f.keeper.Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.Want.Mappings {
			if n, counted := counts.Of(&m); n != 0 || !counted {
				t.Errorf("%s: %s has taken %d connections, counted: %t", c.Name, m, n, counted)
			}
		}
	}
}
