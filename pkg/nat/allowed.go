package nat

import (
	"net/netip"
	"slices"
	"strings"
)

// Allowed says which packets of one family a port is for. The zero Allowed is: all.
type Allowed struct {
	Nobody      bool
	From, Hosts []netip.Prefix // addresses of clients, and of the host; empty: any
	Via         []string       // links by which packets come, as in Limit; empty: any
	Match       string         // as in Limit
}

// And returns what both allow.
func (a Allowed) And(b Allowed) Allowed {
	from, noFrom := intersection(a.From, b.From, narrowerPrefix)
	hosts, noHosts := intersection(a.Hosts, b.Hosts, narrowerPrefix)
	via, noVia := intersection(a.Via, b.Via, narrowerLink)
	match := strings.TrimSpace(a.Match + " " + b.Match)
	return Allowed{Nobody: a.Nobody || b.Nobody || noFrom || noHosts || noVia, From: from, Hosts: hosts, Via: via, Match: match}
}

// intersection returns what lies in both lists, an empty one standing for everything, and
// whether that is nothing.
func intersection[T any](a, b []T, narrower func(T, T) (T, bool)) (both []T, nothing bool) {
	if len(a) == 0 || len(b) == 0 {
		return append(slices.Clone(a), b...), false
	}
	for _, x := range a {
		for _, y := range b {
			if n, ok := narrower(x, y); ok {
				both = append(both, n)
			}
		}
	}
	return both, len(both) == 0
}

func narrowerPrefix(a, b netip.Prefix) (netip.Prefix, bool) {
	if a.Bits() < b.Bits() {
		return b, a.Overlaps(b)
	}
	return a, a.Overlaps(b)
}

func narrowerLink(a, b string) (string, bool) {
	if wild := strings.HasSuffix(a, "+"); wild && (!strings.HasSuffix(b, "+") || len(b) > len(a)) {
		return b, sameLink(a, b)
	}
	return a, sameLink(a, b)
}

// limits are those of the mappings to one address of the host, disjoint.
func (a Allowed) limits() (list []Limit) {
	switch {
	case a.Nobody:
		return nil
	case len(a.From)+len(a.Hosts)+len(a.Via)+len(a.Match) == 0:
		return []Limit{{}}
	}
	for _, from := range orAny(a.From) {
		for _, to := range orAny(a.Hosts) {
			for _, via := range orAnyLink(a.Via) {
				list = append(list, Limit{From: from, To: to, Via: via, Match: a.Match})
			}
		}
	}
	return list
}

// orAny returns disjoint prefixes; an invalid one stands for any.
func orAny(list []netip.Prefix) []netip.Prefix {
	disjoint := cover(list)
	if len(disjoint) == 0 || disjoint[0].Bits() == 0 {
		return []netip.Prefix{{}}
	}
	return disjoint
}

// orAnyLink leaves out links that another one stands for too.
func orAnyLink(links []string) (distinct []string) {
	for _, l := range links {
		if !slices.ContainsFunc(links, func(o string) bool { return o != l && strings.HasSuffix(o, "+") && len(o) <= len(l) && sameLink(o, l) }) {
			distinct = append(distinct, l)
		}
	}
	if len(distinct) == 0 {
		return []string{""}
	}
	return slices.Compact(slices.Sorted(slices.Values(distinct)))
}
