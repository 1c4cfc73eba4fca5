package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/iptables"
)

// The forms of a condition that are understood: those of iptables(8), and of nft(8) for a
// family.
var (
	sourceWords      = []string{"-s", "--source", "--src", "saddr"}
	destinationWords = []string{"-d", "--destination", "--dst", "daddr"}
	linkWords        = []string{"-i", "--in-interface", "iifname"}
	equalWords       = []string{"==", "eq"}
	notWords         = []string{"!", "!=", "ne"}
)

// conditions reads "conditionsV4" or "conditionsV6": words as a firewall's rule has them. What
// is not understood is refused, or left to iptables in its own words; it is never left out.
type conditions struct {
	key     string
	v6      bool
	rest    []string
	allowed nat.Allowed
}

func parseConditions(key string, v6, verbatim bool, list []string) (nat.Allowed, error) {
	c := conditions{key: key, v6: v6, rest: strings.Fields(strings.Join(list, " "))}
	var words []string // of iptables
	for len(c.rest) > 0 {
		before := c.rest
		err := c.one()
		if err != nil && !verbatim {
			return nat.Allowed{}, err
		}
		if err != nil {
			n := 1
			if before[0] == "!" && len(before) > 1 { // together with what it inverts
				n = 2
			}
			words, c.rest = append(words, before[:n]...), before[n:]
		}
	}
	match := strings.Join(words, " ")
	if err := iptables.CheckMatch(match); err != nil {
		return nat.Allowed{}, cni.InvalidConfig(key, match, err.Error())
	}
	return c.allowed.And(nat.Allowed{Match: match}), nil
}

// one reads one condition.
func (c *conditions) one() error {
	family := "ip"
	if c.v6 {
		family = "ip6"
	}
	inverted := c.take(notWords)
	if c.take([]string{family}) && len(c.rest) > 0 && !slices.Contains([]string{"saddr", "daddr"}, c.rest[0]) {
		return c.unknown(c.rest[0])
	}
	c.take([]string{"meta"})
	if len(c.rest) < 2 {
		return c.unknown(strings.Join(c.rest, " "))
	}
	what := c.rest[0]
	c.rest = c.rest[1:]
	inverted = inverted != c.take(notWords)
	c.take(equalWords)
	values := c.values()
	switch {
	case slices.Contains(sourceWords, what):
		return c.addresses(values, inverted, func(p []netip.Prefix) nat.Allowed { return nat.Allowed{From: p} })
	case slices.Contains(destinationWords, what):
		return c.addresses(values, inverted, func(p []netip.Prefix) nat.Allowed { return nat.Allowed{Hosts: p} })
	case slices.Contains(linkWords, what) && !inverted:
		return c.links(values)
	}
	return c.unknown(what)
}

// take takes the next word if it is one of those.
func (c *conditions) take(words []string) bool {
	if len(c.rest) == 0 || !slices.Contains(words, c.rest[0]) {
		return false
	}
	c.rest = c.rest[1:]
	return true
}

// values takes one value, or those of a list: "a,b" of iptables, "{ a, b }" of nft.
func (c *conditions) values() []string {
	n := min(len(c.rest), 1)
	if n > 0 && strings.HasPrefix(c.rest[0], "{") {
		n += slices.IndexFunc(c.rest, func(word string) bool { return strings.HasSuffix(word, "}") })
	}
	list := strings.Trim(strings.Join(c.rest[:n], ""), "{}")
	c.rest = c.rest[n:]
	return strings.Split(strings.ReplaceAll(list, `"`, ""), ",")
}

func (c *conditions) addresses(texts []string, inverted bool, allow func([]netip.Prefix) nat.Allowed) error {
	var list []netip.Prefix
	for _, text := range texts {
		p, err := parsePrefix(text)
		if err != nil || p.Addr().Is6() != c.v6 {
			return cni.InvalidConfig(c.key, text, "is not an address or prefix of the family")
		}
		if !inverted {
			list = append(list, p)
			continue
		}
		others := nat.Except(p)
		only := allow(others)
		only.Nobody = len(others) == 0
		c.allowed = c.allowed.And(only)
	}
	if !inverted {
		c.allowed = c.allowed.And(allow(list))
	}
	return nil
}

func (c *conditions) links(names []string) error {
	for i, name := range names {
		names[i] = strings.Replace(name, "*", "+", 1)
		if !validLink(names[i]) {
			return cni.InvalidConfig(c.key, name, linkRule)
		}
	}
	c.allowed = c.allowed.And(nat.Allowed{Via: names})
	return nil
}

func (c *conditions) unknown(word string) error {
	return cni.InvalidConfig(c.key, word, fmt.Sprintf(
		"only -s, -d and -i (%s) are understood; see also the keys sourceRanges, hostAddresses and hostInterfaces, and \"backend\": \"iptables\", which takes any match", "ip saddr, ip daddr, iifname"))
}
