package iptables

import (
	"fmt"
	"net/netip"
	"strconv"

	"vethbridge/pkg/nat"
)

// options are the options of a rule with the word that follows each.
type options map[string]string

func parse(rule string) options {
	o := options{}
	list := words(rule)
	for i := 0; i+1 < len(list); i++ {
		if list[i] != "" && list[i][0] == '-' {
			o[list[i]] = list[i+1]
			i++
		}
	}
	return o
}

// ruleset is what the rules of our chains mean. A rule that none of ours looks like means
// nothing.
func (f family) ruleset(s saved) (nat.Ruleset, error) {
	var r nat.Ruleset
	for _, rule := range s.chains[dnat] {
		if o := parse(rule); o["-j"] == "DNAT" {
			e, err := f.entry(o)
			if err != nil {
				return r, fmt.Errorf("read rule %q: %w", rule, err)
			}
			r.Entries = append(r.Entries, e)
		}
	}
	for _, chain := range []string{prerouting, postrouting} {
		for _, rule := range s.chains[chain] {
			if err := readNetwork(chain, parse(rule), &r.Networks); err != nil {
				return r, fmt.Errorf("read rule %q: %w", rule, err)
			}
		}
	}
	return r, nil
}

// entry is the reverse of dnatRule.
func (f family) entry(o options) (nat.Entry, error) {
	protocol, err := nat.ParseProtocol(o["-p"])
	if err != nil {
		return nat.Entry{}, err
	}
	port, err := strconv.ParseUint(o["--dport"], 10, 16)
	if err != nil {
		return nat.Entry{}, err
	}
	target, err := netip.ParseAddrPort(o["--to-destination"])
	if err != nil {
		return nat.Entry{}, err
	}
	host := netip.PrefixFrom(f.any, 0)
	if text, ok := o["-d"]; ok {
		if host, err = netip.ParsePrefix(text); err != nil {
			return nat.Entry{}, err
		}
	}
	return nat.Entry{Mark: o["--comment"], Mapping: nat.Mapping{
		Protocol: protocol, Host: host.Addr(), HostPort: uint16(port), Target: target,
	}}, nil
}

// readNetwork takes the network that a rule stands for. The rule that masquerades hairpin
// stands for none of its own: it comes with the one that keeps the source inside.
func readNetwork(chain string, o options, n *nat.Networks) error {
	_, conditional := o["--ctstate"]
	var list *[]netip.Prefix
	switch {
	case o["-s"] == "" || conditional:
		return nil
	case chain == prerouting && o["-j"] == "MARK":
		list = &n.Hairpin
	case chain == postrouting && o["-j"] == "RETURN":
		list = &n.Inside
	case chain == postrouting && o["-j"] == "MASQUERADE":
		list = &n.Masquerade
	default:
		return nil
	}
	p, err := netip.ParsePrefix(o["-s"])
	*list = append(*list, p)
	return err
}
