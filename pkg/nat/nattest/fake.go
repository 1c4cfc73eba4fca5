package nattest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vethbridge/pkg/nat"
)

// Fake is a backend in memory. It keeps the contract of nat.Backend: a change is made as a
// whole or not at all. It is not safe for concurrent use.
type Fake struct {
	table *content // nil until something is held
}

type content struct {
	mappings map[nat.HostEnd]nat.Entry
	networks []nat.Network
}

// Apply implements nat.Backend.
func (f *Fake) Apply(_ context.Context, c nat.Change) error {
	if c.Empty() {
		return nil
	}
	if f.table == nil {
		return fmt.Errorf("apply: no table: %w", nat.ErrDrift)
	}
	next := content{mappings: maps.Clone(f.table.mappings)}
	for _, m := range c.Remove {
		if _, ok := next.mappings[m.HostEnd()]; !ok {
			return fmt.Errorf("remove %s: %w", m, nat.ErrDrift)
		}
		delete(next.mappings, m.HostEnd())
	}
	for _, m := range c.Add {
		if had, ok := next.mappings[m.HostEnd()]; ok && had.Mapping != m {
			return fmt.Errorf("add %s: %w", m, nat.ErrDrift)
		}
		next.mappings[m.HostEnd()] = nat.Entry{Mark: c.Mark, Mapping: m}
	}
	var err error
	if next.networks, err = change(f.table.networks, c.RemoveNetworks, c.AddNetworks); err != nil {
		return err
	}
	f.table = &next
	return nil
}

// change is an interval set's: what is removed must be there, what is added must be there
// already or overlap nothing of its treatment.
func change(had, less, add []nat.Network) ([]nat.Network, error) {
	list := slices.Clone(had)
	for _, n := range less {
		i := slices.Index(list, n)
		if i < 0 {
			return nil, fmt.Errorf("remove network %s: %w", n, nat.ErrDrift)
		}
		list = slices.Delete(list, i, i+1)
	}
	for _, n := range add {
		if slices.Contains(list, n) {
			continue
		}
		if slices.ContainsFunc(list, n.Overlaps) {
			return nil, fmt.Errorf("add network %s: overlaps: %w", n, nat.ErrDrift)
		}
		list = append(list, n)
	}
	nat.SortNetworks(list)
	return list, nil
}

// Restore implements nat.Backend.
func (f *Fake) Restore(_ context.Context, r nat.Ruleset) error {
	next := content{mappings: map[nat.HostEnd]nat.Entry{}, networks: r.Networks}
	for _, e := range r.Entries {
		next.mappings[e.Mapping.HostEnd()] = e
	}
	f.table = &next
	return nil
}

// List implements nat.Backend.
func (f *Fake) List(context.Context) (nat.Ruleset, error) {
	if f.table == nil {
		return nat.Ruleset{Missing: []string{"table"}}, nil
	}
	r := nat.Ruleset{Networks: f.table.networks, Entries: slices.Collect(maps.Values(f.table.mappings))}
	nat.SortEntries(r.Entries)
	return r, nil
}

// Find implements nat.Backend.
func (f *Fake) Find(_ context.Context, asked nat.Ruleset) (r nat.Ruleset, err error) {
	if f.table == nil {
		return nat.Ruleset{Missing: []string{"table"}}, nil
	}
	for _, e := range asked.Entries {
		if held, ok := f.table.mappings[e.Mapping.HostEnd()]; ok {
			r.Entries = append(r.Entries, held)
		}
	}
	for _, n := range asked.Networks {
		if slices.Contains(f.table.networks, n) {
			r.Networks = append(r.Networks, n)
		}
	}
	return r, nil
}

// Count implements nat.Backend: what is only in memory leads no connection anywhere.
func (f *Fake) Count(context.Context) (nat.Counts, error) {
	counts := nat.Counts{}
	if f.table != nil {
		for end := range f.table.mappings {
			counts[end] = 0
		}
	}
	return counts, nil
}

// Marks implements nat.Backend.
func (f *Fake) Marks(ctx context.Context, fn func([]byte)) error {
	r, err := f.List(ctx)
	r.EachMark(fn)
	return err
}

// Clear implements nat.Backend.
func (f *Fake) Clear(context.Context) error {
	f.table = nil
	return nil
}

// Present implements nat.Backend.
func (f *Fake) Present() (bool, error) { return f.table != nil, nil }

// Ready implements nat.Backend.
func (f *Fake) Ready() (bool, error) { return f.Present() }

// Usable implements nat.Backend.
func (f *Fake) Usable(context.Context) error { return nil }

// Dump writes a ruleset as text, one line for each mapping and network, the same for every
// backend that holds the same.
func Dump(r nat.Ruleset) string {
	var b strings.Builder
	for _, missing := range r.Missing {
		fmt.Fprintf(&b, "missing %s\n", missing)
	}
	for _, e := range r.Entries {
		fmt.Fprintf(&b, "mapping %s # %s\n", e.Mapping, e.Mark)
	}
	for _, n := range r.Networks {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}
