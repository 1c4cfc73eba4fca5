package main

import (
	"fmt"
	"net/netip"
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// rawAllowed are the keys that say which packets host ports are for.
type rawAllowed struct {
	HostAddresses  []string `json:"hostAddresses"`
	HostInterfaces []string `json:"hostInterfaces"`
	StrictHostIP   bool     `json:"strictHostIP"`
	ConditionsV4   []string `json:"conditionsV4"`
	ConditionsV6   []string `json:"conditionsV6"`
}

// allowed returns what the keys allow of IPv4 and of IPv6; verbatim leaves to iptables what is not
// understood of conditions.
func (raw rawAllowed) allowed(verbatim bool) (both [2]nat.Allowed, err error) {
	if both[0], err = parseConditions("conditionsV4", false, verbatim, raw.ConditionsV4); err != nil {
		return both, err
	}
	if both[1], err = parseConditions("conditionsV6", true, verbatim, raw.ConditionsV6); err != nil {
		return both, err
	}
	for i, link := range raw.HostInterfaces {
		if !validLink(link) {
			return both, cni.InvalidConfig(fmt.Sprintf("hostInterfaces[%d]", i), link, linkRule)
		}
	}
	hosts, err := parsePrefixes("hostAddresses", raw.HostAddresses)
	if err != nil {
		return both, err
	}
	for i := range both {
		only := nat.Allowed{Via: raw.HostInterfaces, Hosts: hosts[i], Nobody: len(raw.HostAddresses) > 0 && len(hosts[i]) == 0}
		both[i] = both[i].And(only)
	}
	return both, nil
}

// needIptables reports whether a condition is in the words of iptables, and one that only iptables understands.
func (raw rawAllowed) needIptables() bool {
	for v6, list := range [][]string{raw.ConditionsV4, raw.ConditionsV6} {
		words := strings.Fields(strings.Join(list, " "))
		if len(words) == 0 || !strings.HasPrefix(words[0], "-") && words[0] != "!" {
			continue
		}
		if _, err := parseConditions("", v6 == 1, false, list); err != nil {
			return true
		}
	}
	return false
}

// parsePrefixes reads addresses and prefixes, and returns those of IPv4 and of IPv6.
func parsePrefixes(key string, list []string) (both [2][]netip.Prefix, err error) {
	for i, text := range list {
		p, err := parsePrefix(text)
		if err != nil {
			return both, cni.InvalidConfig(fmt.Sprintf("%s[%d]", key, i), text, "is not an address or a prefix")
		}
		family := 0
		if p.Addr().Is6() {
			family = 1
		}
		both[family] = append(both[family], p)
	}
	return both, nil
}

// parsePrefix reads an address or a prefix, which it masks.
func parsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err == nil && p.Addr().Is4In6() {
		err = fmt.Errorf("prefix %s: IPv4 in IPv6", p)
	}
	return p.Masked(), err
}

// linkRule says in words what validLink wants.
const linkRule = "must be the name of a link of the host, lo for processes of the host, or end with + for all that begin so"

// validLink reports whether a word can be a link that others have named.
func validLink(name string) bool {
	stem := strings.TrimSuffix(name, "+")
	return name != "" && len(stem) < 16 && !strings.HasPrefix(name, "-") && strings.IndexFunc(stem, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.:@-", c))
	}) < 0
}
