package iptables

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

// Matches and targets that several rules have.
const (
	toHost     = "-m addrtype --dst-type LOCAL" // transit traffic is not ours to catch (CVE-2025-67499)
	translated = "-m conntrack --ctstate DNAT"
	// The bit of the mark of packets that come from one of our networks to an address of the
	// host, the default of the reference portmap's markMasqBit.
	defaultMask = 1 << 13
)

// What rules for networks are for: their comments, by which they are read.
const (
	fromContainer = "from a container"
	hairpin       = "hairpin"
	hideClients   = "clients to hide"
	insideNetwork = "inside a network"
	direct        = "not to be masqueraded"
	leavingAs     = "leaving as one address"
	leavingRandom = "leaving by a random port"
	leaving       = "leaving a network"
)

// rules are the rules of our chains, by chain, for one family.
func (f *family) rules(r *nat.Ruleset) (map[string][]string, error) {
	own, err := f.part(r)
	if err != nil {
		return nil, err
	}
	forAll, forHost, err := dnatRules(own.Entries)
	return map[string][]string{
		guard:       f.guardRules(),
		dnat:        forAll,
		prerouting:  slices.Concat(toUser(userPrerouting), hairpinRules(own.Networks), []string{hostRule()}),
		output:      append(forHost, hostRule()),
		postrouting: f.postroutingRules(own.Networks),
	}, err
}

// part is what a ruleset has of a family.
func (f *family) part(r *nat.Ruleset) (own nat.Ruleset, err error) {
	for _, e := range r.Entries {
		if f.has(e.Mapping.Host) {
			own.Entries = append(own.Entries, e)
		}
	}
	for _, n := range r.Networks {
		if n.Prefix.Bits() == 0 || n.Dst.IsValid() && n.Dst.Bits() == 0 { // iptables takes it for no condition at all
			return own, fmt.Errorf("write network %s: it is not one network, but everything", n)
		}
		if strings.Trim(n.Mark.Chain, plain) != "" || strings.HasPrefix(n.Mark.Chain, "-") || len(n.Mark.Chain) > maxChain {
			return own, fmt.Errorf("write network %q: its chain has no name", n)
		}
		if f.has(n.Prefix.Addr()) {
			own.Networks = append(own.Networks, n)
		}
	}
	return own, nil
}

// in reports whether a ruleset has anything of the family.
func (f *family) in(r *nat.Ruleset) bool {
	return slices.ContainsFunc(r.Entries, func(e nat.Entry) bool { return f.has(e.Mapping.Host) }) ||
		slices.ContainsFunc(r.Networks, func(n nat.Network) bool { return f.has(n.Prefix.Addr()) })
}

// guardRules drop what comes from outside and is addressed to, or claims to come from, the
// host's loopback: route_localnet, which localhost clients of published ports need, would
// let it in.
func (f *family) guardRules() []string {
	return []string{
		fmt.Sprintf(`-d %s ! -i lo -m comment --comment "nothing from outside to localhost" -j DROP`, f.localhost),
		fmt.Sprintf(`-s %s ! -i lo -m comment --comment "nothing from outside as localhost" -j DROP`, f.localhost),
	}
}

func hostRule() string { return toHost + ` -m comment --comment "to the host" -j ` + dnat }

func toUser(chain string) []string {
	return []string{`-m comment --comment "rules of the administrator" -j ` + chain}
}

// dnatRules translate: the first rule that matches is taken, so those with a limit come
// first, and one address of the host stands before any. Those for processes of the host
// stand apart: their packets come by no link.
func dnatRules(entries []nat.Entry) (forAll, forHost []string, err error) {
	entries = apart(entries)
	nat.SortEntries(entries)
	sort.SliceStable(entries, func(i, j int) bool { return rank(&entries[i].Mapping) < rank(&entries[j].Mapping) })
	for _, e := range entries {
		rule, err := dnatRule(&e)
		if err != nil {
			return nil, nil, err
		}
		if e.Mapping.Limit.Via == loopback {
			forHost = append(forHost, rule)
		} else {
			forAll = append(forAll, rule)
		}
	}
	return forAll, forHost, nil
}

// manyPorts are so many that a rule for each would take longer than it is worth.
const manyPorts = 500

// apart takes ranges apart whose ports lead to others, unless they are long. One rule can shift ports, but where a
// client has the same port of its own twice, by two addresses of the host, the kernel leads it to the next
// port of the range (nf_nat_l4proto_unique_tuple in net/netfilter/nf_nat_core.c).
func apart(list []nat.Entry) (pieces []nat.Entry) {
	for _, e := range list {
		if m := e.Mapping; m.More == 0 || m.More >= manyPorts || m.HostPort == m.Target.Port() {
			pieces = append(pieces, e)
			continue
		}
		for _, one := range e.Mapping.Singles() {
			pieces = append(pieces, nat.Entry{Mark: e.Mark, Mapping: one})
		}
	}
	return pieces
}

// maxChain is how long a chain's name may be (XT_EXTENSION_MAXNAMELEN, less the terminating zero).
const maxChain = 28

// loopback is the link that stands for processes of the host.
const loopback = "lo"

func rank(m *nat.Mapping) int {
	switch {
	case !m.Limit.None():
		return 0
	case !m.Host.IsUnspecified():
		return 1
	}
	return 2
}

func dnatRule(e *nat.Entry) (string, error) {
	m := e.Mapping
	mark, err := quote(comment(e))
	if err != nil {
		return "", err
	}
	conditions, err := limitOptions(&m)
	if err != nil {
		return "", err
	}
	conditions += "-p " + m.Protocol.String()
	if m.Limit.Match != "" {
		match, err := verbatim(m.Limit.Match)
		if err != nil {
			return "", failure.To("write "+m.String(), err)
		}
		conditions += " " + match
	}
	if m.Limit.Via == loopback { // its chain is not one that is jumped to with packets for the host
		conditions += " " + toHost
	}
	ports, target := strconv.Itoa(int(m.HostPort)), m.Target.String()
	switch {
	case m.More > 0 && m.HostPort == m.Target.Port(): // each to the port of its own number
		ports, target = fmt.Sprintf("%d:%d", m.HostPort, m.Last()), m.Target.Addr().String()
	case m.More > 0:
		ports, target = fmt.Sprintf("%d:%d", m.HostPort, m.Last()), fmt.Sprintf("%s-%d/%d", m.Target, m.Target.Port()+m.More, m.HostPort)
	}
	return fmt.Sprintf("%s -m %s --dport %s -m comment --comment %s -j DNAT --to-destination %s",
		conditions, m.Protocol, ports, mark, target), nil
}

// limitOptions are the conditions on client, address of the host and link.
func limitOptions(m *nat.Mapping) (string, error) {
	var b strings.Builder
	if m.Limit.From.IsValid() {
		fmt.Fprintf(&b, "-s %s ", m.Limit.From)
	}
	host := m.Limit.To
	if !m.Host.IsUnspecified() {
		host = netip.PrefixFrom(m.Host, m.Host.BitLen())
	}
	if host.IsValid() {
		fmt.Fprintf(&b, "-d %s ", host)
	}
	if m.Limit.Via == "" || m.Limit.Via == loopback {
		return b.String(), nil
	}
	special := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`"'\!`, r)
	}
	if strings.ContainsFunc(m.Limit.Via, special) || strings.HasPrefix(m.Limit.Via, "-") {
		return "", fmt.Errorf("write %s: link %q is no name", m, m.Limit.Via)
	}
	return b.String() + "-i " + m.Limit.Via + " ", nil
}

func hairpinRules(networks []nat.Network) (list []string) {
	for _, n := range of(networks, nat.Hairpin) {
		list = append(list, fmt.Sprintf("-s %s %s -m comment --comment %q %s", n.Prefix, toHost, fromContainer, marking(n.Mark)))
	}
	return list
}

func marking(m nat.Mark) string {
	if m.Chain != "" {
		return "-j " + m.Chain
	}
	return "-j MARK --set-xmark " + bitAndMask(m)
}

// bitAndMask is a bit of the packet's mark, without one the default of the reference portmap's
// markMasqBit.
func bitAndMask(m nat.Mark) string {
	mask := cmp.Or(m.Mask, defaultMask)
	return fmt.Sprintf("%#x/%#x", mask, mask)
}

// postroutingRules rewrite the source only where the answer would not come back otherwise. A
// broadcast gets here where br_netfilter shows bridged frames to the IP hooks.
func (f *family) postroutingRules(networks []nat.Network) []string {
	var broadcast []string
	if f.any.Is4() {
		broadcast = []string{"-d 255.255.255.255/32 -m comment --comment broadcast -j RETURN"}
	}
	return slices.Concat(
		toUser(userPostrouting),
		broadcast,
		hairpinning(networks),
		[]string{fmt.Sprintf(`-s %s %s -m comment --comment "from localhost" -j MASQUERADE`, f.localhost, translated)},
		each(of(networks, nat.HideClients), "-d %[1]s "+translated, hideClients, "-j MASQUERADE"),
		each(of(networks, nat.Inside), "-s %[1]s -d %[1]s", insideNetwork, "-j RETURN"),
		each(of(networks, nat.Direct), "-s %[1]s -d "+toDst, direct, "-j RETURN"),
		[]string{fmt.Sprintf("-d %s -m comment --comment multicast -j RETURN", f.multicast)},
		each(of(networks, nat.SNAT), "-s %[1]s", leavingAs, "-j SNAT --to-source "+toAddress),
		each(of(networks, nat.MasqueradeRandom), "-s %[1]s", leavingRandom, "-j MASQUERADE --random-fully"),
		each(of(networks, nat.Masquerade), "-s %[1]s", leaving, "-j MASQUERADE"),
	)
}

// hairpinning masquerades what comes back to the network that it came from; where someone
// else's chain marks it, that one does.
func hairpinning(networks []nat.Network) []string {
	rule := func(m nat.Mark) string { return "-s %[1]s -d %[1]s -m mark --mark " + bitAndMask(m) + " " + translated }
	list := each(of(networks, nat.Inside), rule(nat.Mark{}), hairpin, "-j MASQUERADE")
	for _, n := range of(networks, nat.Hairpin) {
		if n.Mark.Mask != 0 {
			list = append(list, each([]nat.Network{n}, rule(n.Mark), hairpin, "-j MASQUERADE")...)
		}
	}
	return list
}

func of(networks []nat.Network, t nat.Treatment) (list []nat.Network) {
	for _, n := range networks {
		if n.Treatment == t {
			list = append(list, n)
		}
	}
	return list
}

// What stands for Network.To in a target, and for Network.Dst in a condition.
const (
	toAddress = "ADDRESS"
	toDst     = "DESTINATION"
)

// each writes a rule for each network: its conditions, what it is for, and its target.
func each(networks []nat.Network, conditions, comment, target string) (list []string) {
	if strings.Contains(comment, " ") {
		comment = strconv.Quote(comment)
	}
	for _, n := range networks {
		rule := fmt.Sprintf(conditions, n.Prefix) + " -m comment --comment " + comment + " " + target
		rule = strings.ReplaceAll(rule, toAddress, n.To.String())
		list = append(list, strings.ReplaceAll(rule, toDst, n.Dst.String()))
	}
	return list
}
