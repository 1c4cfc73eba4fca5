package links

import (
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink"
)

// maxAlias is IFALIASZ less the terminating zero (uapi/linux/if.h).
const maxAlias = 255

// Marked is a link that carries a mark, and what its alias says beside it.
type Marked struct {
	Name      string
	Mark      string
	Bridge    string // that it is a port of; may be empty
	Up        bool
	Addresses []netip.Prefix // of the attachment
}

// alias is the port's mark, which names the owner, and its addresses, as far as they fit:
// what "ip link" shows, and what the book can be rebuilt from.
func (p *Port) alias() string {
	alias := p.Mark
	for _, a := range p.Addresses {
		if text := " " + a.String(); len(alias)+len(text) <= maxAlias {
			alias += text
		}
	}
	return alias
}

// parseAlias is the reverse of alias. A mark has two words; those after it are addresses.
func parseAlias(alias string) Marked {
	words := strings.Split(alias, " ")
	m := Marked{Mark: strings.Join(words[:min(2, len(words))], " ")}
	for _, word := range words[min(2, len(words)):] {
		if p, err := netip.ParsePrefix(word); err == nil {
			m.Addresses = append(m.Addresses, p)
		}
	}
	return m
}

// sameMaker reports whether two marks begin with the same word.
func sameMaker(a, b string) bool {
	of, _, _ := strings.Cut(a, " ")
	by, _, _ := strings.Cut(b, " ")
	return of == by
}

func markOf(link netlink.Link) string { return parseAlias(link.Attrs().Alias).Mark }
