package nft

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/google/nftables"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

const missingTable = "table inet " + TableName

// List reads the table back. A table, chain or rule of the fixed structure that is not
// there is named in Missing.
func (b *Backend) List(context.Context) (nat.Ruleset, error) {
	r, there, err := b.list()
	if err != nil || !there || r.Otherwise {
		return r, err
	}
	nat.SortNetworks(r.Networks)
	missing, err := b.conn.MissingRules(table(), chains())
	r.Missing = append(r.Missing, missing...)
	return r, err
}

// Marks reads the maps of published ports only: nothing else has owners.
func (b *Backend) Marks(_ context.Context, fn func([]byte)) (err error) {
	for _, f := range families {
		for _, s := range f.portMaps() {
			err = errors.Join(err, b.conn.Comments(s, fn))
		}
	}
	return err
}

// list reads the sets, if there is anything of ours.
func (b *Backend) list() (r nat.Ruleset, there bool, err error) {
	have, err := layout().Find(b.conn)
	if err != nil {
		return r, false, err
	}
	if have.Empty() {
		return nat.Ruleset{Missing: []string{missingTable}}, false, nil
	}
	r.Otherwise = have.Otherwise(table())
	conn, err := b.conn.Open()
	if err != nil {
		return r, false, err
	}
	for _, f := range families {
		for _, s := range f.sets() {
			if !have.HasSet(s) {
				r.Missing = append(r.Missing, "set "+s.Name)
				continue
			}
			elements, err := conn.GetSetElements(s)
			if err != nil {
				return r, false, failure.To("list elements of "+s.Name, err)
			}
			if err := read(s, elements, &r); err != nil {
				return r, false, err
			}
		}
	}
	nat.SortEntries(r.Entries)
	return r, true, nil
}

// read adds what elements of a set stand for.
func read(s *nftables.Set, elements []nftables.SetElement, r *nat.Ruleset) error {
	name, f := s.Name[:len(s.Name)-1], ipv4
	if strings.HasSuffix(s.Name, ipv6.suffix) {
		f = ipv6
	}
	if slices.Contains(portMaps, name) {
		return f.readMappings(name, elements, r)
	}
	for _, t := range networkTreatments {
		switch {
		case name != setName(t):
		case t == nat.Inside, t == nat.Direct:
			r.Networks = append(r.Networks, f.pairs(t, elements)...)
		default:
			r.Networks = append(r.Networks, networks(t, elements)...)
		}
	}
	return nil
}

func (f *family) readMappings(name string, elements []nftables.SetElement, r *nat.Ruleset) error {
	for _, e := range elements {
		entry, err := f.entry(name, e)
		if err != nil {
			return err
		}
		r.Entries = append(r.Entries, entry)
	}
	return nil
}

// networks reads a plain interval set: the beginning and the end of each interval are
// elements of their own.
func networks(t nat.Treatment, elements []nftables.SetElement) []nat.Network {
	sort.Slice(elements, func(i, j int) bool {
		a, b := elements[i], elements[j]
		return cmp.Or(slices.Compare(a.Key, b.Key), ends(b)-ends(a)) < 0
	})
	var list []nat.Network
	for i, e := range elements {
		first, _ := netip.AddrFromSlice(e.Key)
		if e.IntervalEnd {
			continue
		}
		last := lastAddr(netip.PrefixFrom(first, 0))
		if i+1 < len(elements) && elements[i+1].IntervalEnd {
			behind, _ := netip.AddrFromSlice(elements[i+1].Key)
			last = behind.Prev()
		}
		if p, ok := prefixBetween(first, last); ok {
			n := nat.Network{Prefix: p, Treatment: t}
			n.To, _ = netip.AddrFromSlice(e.Val)
			list = append(list, n)
		}
	}
	return list
}

// ends is 1 for the end of an interval, which comes before the beginning of the next.
func ends(e nftables.SetElement) int {
	if e.IntervalEnd {
		return 1
	}
	return 0
}

// pairs reads a set of network . destination.
func (f *family) pairs(t nat.Treatment, elements []nftables.SetElement) []nat.Network {
	var list []nat.Network
	for _, e := range elements {
		if len(e.Key) < 2*f.addrLen || len(e.KeyEnd) < 2*f.addrLen {
			continue
		}
		n := nat.Network{Treatment: t}
		source, ok := prefixOf(e.Key[:f.addrLen], e.KeyEnd[:f.addrLen])
		dst, ok2 := prefixOf(e.Key[f.addrLen:2*f.addrLen], e.KeyEnd[f.addrLen:2*f.addrLen])
		if n.Prefix = source; t == nat.Direct {
			n.Dst = dst
		}
		if ok && ok2 {
			list = append(list, n)
		}
	}
	return list
}

func prefixOf(first, last []byte) (netip.Prefix, bool) {
	from, _ := netip.AddrFromSlice(first)
	to, _ := netip.AddrFromSlice(last)
	return prefixBetween(from, to)
}
