package iptables

import (
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/pkg/nat"
)

// hostEnd is what a mapping is looked up by.
type hostEnd struct {
	protocol nat.Protocol
	host     netip.AddrPort
	limit    nat.Limit
}

func hostEndOf(m nat.Mapping) hostEnd {
	return hostEnd{m.Protocol, netip.AddrPortFrom(m.Host, m.HostPort), m.Limit}
}

// changed is what a ruleset is after a change.
func changed(r nat.Ruleset, c nat.Change) (after nat.Ruleset, err error) {
	if after.Entries, err = changedEntries(r.Entries, c); err != nil {
		return after, err
	}
	after.Networks, err = changedNetworks(r.Networks, c.RemoveNetworks, c.AddNetworks)
	return after, err
}

func changedEntries(had []nat.Entry, c nat.Change) ([]nat.Entry, error) {
	entries := make(map[hostEnd]nat.Entry, len(had))
	for _, e := range had {
		entries[hostEndOf(e.Mapping)] = e
	}
	for _, m := range c.Remove {
		if _, there := entries[hostEndOf(m)]; !there {
			return nil, fmt.Errorf("remove %s: it is not there: %w", m, nat.ErrDrift)
		}
		delete(entries, hostEndOf(m))
	}
	for _, m := range c.Add {
		if there, ok := entries[hostEndOf(m)]; ok && there.Mapping != m {
			return nil, fmt.Errorf("add %s: %s is there: %w", m, there.Mapping, nat.ErrDrift)
		}
		entries[hostEndOf(m)] = nat.Entry{Mark: c.Mark, Mapping: m}
	}
	list := make([]nat.Entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e)
	}
	return list, nil
}

// changedNetworks keeps a list disjoint and sorted.
func changedNetworks(had, less, more []nat.Network) ([]nat.Network, error) {
	list := slices.Clone(had)
	for _, n := range less {
		i := slices.Index(list, n)
		if i < 0 {
			return nil, fmt.Errorf("remove network %s: it is not there: %w", n, nat.ErrDrift)
		}
		list = slices.Delete(list, i, i+1)
	}
	for _, n := range more {
		if slices.Contains(list, n) {
			continue
		}
		if i := slices.IndexFunc(list, func(o nat.Network) bool {
			return o.Treatment == n.Treatment && o.Mark == n.Mark && o.Prefix.Overlaps(n.Prefix)
		}); i >= 0 {
			return nil, fmt.Errorf("add network %s: it overlaps %s: %w", n, list[i], nat.ErrDrift)
		}
		list = append(list, n)
	}
	slices.SortFunc(list, nat.Network.Compare)
	return list, nil
}
