package iptables

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/pkg/nat"
)

// Matches and targets that several rules have.
const (
	toHost     = "-m addrtype --dst-type LOCAL" // transit traffic is not ours to catch (CVE-2025-67499)
	translated = "-m conntrack --ctstate DNAT"
	// The mark of packets that come from one of our networks to an address of the host: bit
	// 13, the default of the reference portmap's markMasqBit.
	hairpinMark = "0x2000/0x2000"
)

// rules are the rules of our chains, by chain, for one family.
func (f family) rules(r nat.Ruleset) (map[string][]string, error) {
	r, err := f.part(r)
	if err != nil {
		return nil, err
	}
	mappings, err := dnatRules(r.Entries)
	return map[string][]string{
		guard:       f.guardRules(),
		dnat:        mappings,
		prerouting:  append(hairpinRules(r.Networks), hostRule()),
		output:      {hostRule()},
		postrouting: f.postroutingRules(r.Networks),
	}, err
}

// part is what a ruleset has of a family.
func (f family) part(r nat.Ruleset) (nat.Ruleset, error) {
	var failed error
	of := func(list []netip.Prefix) []netip.Prefix {
		return slices.DeleteFunc(slices.Clone(list), func(p netip.Prefix) bool {
			if p.Bits() == 0 { // iptables takes it for no condition at all
				failed = fmt.Errorf("write network %s: it is not one network, but everything", p)
			}
			return !f.has(p.Addr())
		})
	}
	return nat.Ruleset{
		Entries: slices.DeleteFunc(slices.Clone(r.Entries), func(e nat.Entry) bool { return !f.has(e.Mapping.Host) }),
		Networks: nat.Networks{
			Masquerade: of(r.Networks.Masquerade), Hairpin: of(r.Networks.Hairpin), Inside: of(r.Networks.Inside),
		},
	}, failed
}

// guardRules drop what comes from outside and is addressed to, or claims to come from, the
// host's loopback: route_localnet, which localhost clients of published ports need, would
// let it in.
func (f family) guardRules() []string {
	return []string{
		fmt.Sprintf(`-d %s ! -i lo -m comment --comment "nothing from outside to localhost" -j DROP`, f.localhost),
		fmt.Sprintf(`-s %s ! -i lo -m comment --comment "nothing from outside as localhost" -j DROP`, f.localhost),
	}
}

func hostRule() string { return toHost + ` -m comment --comment "to the host" -j ` + dnat }

// dnatRules translate: the first rule that matches is taken, so one address of the host
// stands before any.
func dnatRules(entries []nat.Entry) ([]string, error) {
	slices.SortFunc(entries, func(a, b nat.Entry) int {
		return cmp.Or(anyLast(a.Mapping.Host)-anyLast(b.Mapping.Host), a.Mapping.Compare(b.Mapping))
	})
	list := make([]string, 0, len(entries))
	for _, e := range entries {
		rule, err := dnatRule(e)
		if err != nil {
			return nil, err
		}
		list = append(list, rule)
	}
	return list, nil
}

func anyLast(host netip.Addr) int {
	if host.IsUnspecified() {
		return 1
	}
	return 0
}

func dnatRule(e nat.Entry) (string, error) {
	mark, err := quote(e.Mark)
	m := e.Mapping
	rule := fmt.Sprintf("-p %s -m %s --dport %d -m comment --comment %s -j DNAT --to-destination %s",
		m.Protocol, m.Protocol, m.HostPort, mark, m.Target)
	if !m.Host.IsUnspecified() {
		rule = fmt.Sprintf("-d %s ", netip.PrefixFrom(m.Host, m.Host.BitLen())) + rule
	}
	return rule, err
}

func hairpinRules(n nat.Networks) []string {
	return each(n.Hairpin, "-s %[1]s "+toHost+` -m comment --comment "from a container" -j MARK --set-xmark `+hairpinMark)
}

// postroutingRules rewrite the source only where the answer would not come back otherwise. A
// broadcast gets here where br_netfilter shows bridged frames to the IP hooks.
func (f family) postroutingRules(n nat.Networks) []string {
	var broadcast []string
	if f.any.Is4() {
		broadcast = []string{"-d 255.255.255.255/32 -m comment --comment broadcast -j RETURN"}
	}
	return slices.Concat(
		broadcast,
		each(n.Inside, "-s %[1]s -d %[1]s -m mark --mark "+hairpinMark+" "+translated+" -m comment --comment hairpin -j MASQUERADE"),
		[]string{fmt.Sprintf(`-s %s %s -m comment --comment "from localhost" -j MASQUERADE`, f.localhost, translated)},
		each(n.Inside, `-s %[1]s -d %[1]s -m comment --comment "inside a network" -j RETURN`),
		[]string{fmt.Sprintf("-d %s -m comment --comment multicast -j RETURN", f.multicast)},
		each(n.Masquerade, `-s %[1]s -m comment --comment "leaving a network" -j MASQUERADE`),
	)
}

func each(networks []netip.Prefix, rule string) []string {
	var list []string
	for _, p := range networks {
		list = append(list, fmt.Sprintf(rule, p))
	}
	return list
}
