package nat

import (
	"cmp"
	"net/netip"
	"strings"
)

// Limit says which packets to a host port are led to the container. The zero Limit is: all.
type Limit struct {
	From netip.Prefix `json:"from,omitzero"` // addresses of clients; invalid: any
	// To are the addresses of the host that count, of a mapping for any of them; invalid: all.
	To netip.Prefix `json:"to,omitzero"`
	// Via is the link by which packets come; empty: any. "lo" stands for processes of the host,
	// and a "+" at its end for whatever follows.
	Via string `json:"via,omitempty"`
	// Match is conditions in the words of iptables, which only its backends take; empty: none.
	Match string `json:"match,omitempty"`
}

// None reports whether nothing is left out.
func (l *Limit) None() bool { return *l == Limit{} }

// String returns " from 192.0.2.0/24 to 198.51.100.0/24 by eth0", or nothing.
func (l Limit) String() string {
	var b strings.Builder
	if l.From.IsValid() {
		b.WriteString(" from " + l.From.String())
	}
	if l.To.IsValid() {
		b.WriteString(" to " + l.To.String())
	}
	if l.Via != "" {
		b.WriteString(" by " + l.Via)
	}
	if l.Match != "" {
		b.WriteString(" if " + l.Match)
	}
	return b.String()
}

func (l *Limit) compare(o Limit) int {
	return cmp.Or(comparePrefixes(l.From, o.From), comparePrefixes(l.To, o.To), cmp.Compare(l.Via, o.Via), cmp.Compare(l.Match, o.Match))
}

// overlaps reports whether a packet may be within both.
func (l *Limit) overlaps(o Limit) bool {
	return overlap(l.From, o.From) && overlap(l.To, o.To) && sameLink(l.Via, o.Via)
}

func overlap(a, b netip.Prefix) bool { return !a.IsValid() || !b.IsValid() || a.Overlaps(b) }

func sameLink(a, b string) bool {
	stemA, wildA := strings.CutSuffix(a, "+")
	stemB, wildB := strings.CutSuffix(b, "+")
	return a == b || a == "" || b == "" ||
		wildA && strings.HasPrefix(stemB, stemA) || wildB && strings.HasPrefix(stemA, stemB)
}

// Except returns the prefixes that hold all addresses of p's family but those of p.
func Except(p netip.Prefix) []netip.Prefix {
	var list []netip.Prefix
	bytes := p.Masked().Addr().AsSlice()
	for i := range p.Bits() {
		bytes[i/8] ^= 0x80 >> (i % 8)
		sibling, _ := netip.AddrFromSlice(bytes)
		list = append(list, netip.PrefixFrom(sibling, i+1).Masked())
		bytes[i/8] ^= 0x80 >> (i % 8)
	}
	return list
}
