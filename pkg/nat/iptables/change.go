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
}

func hostEndOf(m nat.Mapping) hostEnd {
	return hostEnd{m.Protocol, netip.AddrPortFrom(m.Host, m.HostPort)}
}

// changed is what a ruleset is after a change.
func changed(r nat.Ruleset, c nat.Change) (after nat.Ruleset, err error) {
	if after.Entries, err = changedEntries(r.Entries, c); err != nil {
		return after, err
	}
	for _, list := range []struct {
		to              *[]netip.Prefix
		had, less, more []netip.Prefix
	}{
		{&after.Networks.Masquerade, r.Networks.Masquerade, c.RemoveNetworks.Masquerade, c.AddNetworks.Masquerade},
		{&after.Networks.Hairpin, r.Networks.Hairpin, c.RemoveNetworks.Hairpin, c.AddNetworks.Hairpin},
		{&after.Networks.Inside, r.Networks.Inside, c.RemoveNetworks.Inside, c.AddNetworks.Inside},
	} {
		if *list.to, err = changedNetworks(list.had, list.less, list.more); err != nil {
			return after, err
		}
	}
	return after, nil
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
func changedNetworks(had, less, more []netip.Prefix) ([]netip.Prefix, error) {
	list := slices.Clone(had)
	for _, p := range less {
		i := slices.Index(list, p)
		if i < 0 {
			return nil, fmt.Errorf("remove network %s: it is not there: %w", p, nat.ErrDrift)
		}
		list = slices.Delete(list, i, i+1)
	}
	for _, p := range more {
		if slices.Contains(list, p) {
			continue
		}
		if i := slices.IndexFunc(list, p.Overlaps); i >= 0 {
			return nil, fmt.Errorf("add network %s: it overlaps %s: %w", p, list[i], nat.ErrDrift)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return list, nil
}
