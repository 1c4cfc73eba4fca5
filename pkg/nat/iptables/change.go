package iptables

import (
	"slices"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

// changed is what a ruleset is after a change.
func changed(r *nat.Ruleset, c *nat.Change) (after nat.Ruleset, err error) {
	if after.Entries, err = changedEntries(r.Entries, c); err != nil {
		return after, err
	}
	after.Networks, err = changedNetworks(r.Networks, c.RemoveNetworks, c.AddNetworks)
	return after, err
}

func changedEntries(had []nat.Entry, c *nat.Change) ([]nat.Entry, error) {
	entries := make(map[nat.HostEnd]nat.Entry, len(had))
	for _, e := range had {
		entries[e.Mapping.HostEnd()] = e
	}
	for _, e := range apart(marked(c.Mark, c.Remove)) {
		if _, there := entries[e.Mapping.HostEnd()]; !there {
			return nil, failure.To("remove "+e.Mapping.String()+": it is not there", nat.ErrDrift)
		}
		delete(entries, e.Mapping.HostEnd())
	}
	for _, e := range apart(marked(c.Mark, c.Add)) {
		if there, ok := entries[e.Mapping.HostEnd()]; ok && there.Mapping != e.Mapping {
			return nil, failure.To("add "+e.Mapping.String()+": "+there.Mapping.String()+" is there", nat.ErrDrift)
		}
		entries[e.Mapping.HostEnd()] = e
	}
	list := make([]nat.Entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e)
	}
	return list, nil
}

func marked(mark string, list []nat.Mapping) (entries []nat.Entry) {
	for _, m := range list {
		entries = append(entries, nat.Entry{Mark: mark, Mapping: m})
	}
	return entries
}

// changedNetworks keeps a list disjoint and sorted.
func changedNetworks(had, less, more []nat.Network) ([]nat.Network, error) {
	list := slices.Clone(had)
	for _, n := range less {
		i := slices.Index(list, n)
		if i < 0 {
			return nil, failure.To("remove network "+n.String()+": it is not there", nat.ErrDrift)
		}
		list = slices.Delete(list, i, i+1)
	}
	for _, n := range more {
		if slices.Contains(list, n) {
			continue
		}
		if i := slices.IndexFunc(list, func(o nat.Network) bool {
			return o.Overlaps(n)
		}); i >= 0 {
			return nil, failure.To("add network "+n.String()+": it overlaps "+list[i].String(), nat.ErrDrift)
		}
		list = append(list, n)
	}
	nat.SortNetworks(list)
	return list, nil
}
