package iptables

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

// options are the options of a rule with the word that follows each, but for those behind a "!".
type options map[string]string

func parse(rule string) options {
	o := options{}
	list := words(rule)
	for i := 0; i+1 < len(list); i++ {
		if list[i] != "" && list[i][0] == '-' {
			if i == 0 || list[i-1] != "!" {
				o[list[i]] = list[i+1]
			}
			i++
		}
	}
	return o
}

// ruleset is what the rules of our chains mean. A rule that none of ours looks like means
// nothing.
func (f *family) ruleset(s saved) (nat.Ruleset, error) {
	var r nat.Ruleset
	for _, chain := range []string{dnat, output} {
		for _, rule := range s.chains[chain] {
			if o := parse(rule); o["-j"] == "DNAT" {
				e, err := f.entry(chain, o)
				if err != nil {
					return r, failure.To("read rule "+strconv.Quote(rule), err)
				}
				r.Entries = append(r.Entries, e)
			}
		}
	}
	for _, chain := range []string{prerouting, postrouting} {
		for _, rule := range s.chains[chain] {
			n, ok, err := network(parse(rule))
			if err != nil {
				return r, failure.To("read rule "+strconv.Quote(rule), err)
			}
			if ok {
				r.Networks = append(r.Networks, n)
			}
		}
	}
	return r, nil
}

// entry is the reverse of dnatRule.
func (f *family) entry(chain string, o options) (nat.Entry, error) {
	protocol, err := nat.ParseProtocol(o["-p"])
	if err != nil {
		return nat.Entry{}, err
	}
	m := nat.Mapping{Protocol: protocol}
	if err := ports(&m, o["--dport"], o["--to-destination"]); err != nil {
		return nat.Entry{}, err
	}
	m.Host, m.Limit, err = f.limit(o)
	if chain == output {
		m.Limit.Via = loopback
	}
	mark, match := fromComment(o["--comment"])
	m.Limit.Match = match
	return nat.Entry{Mark: mark, Mapping: m}, err
}

// ports reads "8080" and "10.1.0.2:80", or "5000:5999" and "10.1.0.2" or "10.1.0.2:80-1079/5000".
func ports(m *nat.Mapping, host, target string) error {
	from, to, many := strings.Cut(host, ":")
	first, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return err
	}
	m.HostPort = uint16(first)
	if !many {
		m.Target, err = netip.ParseAddrPort(target)
		return err
	}
	last, err := strconv.ParseUint(to, 10, 16)
	if err != nil || last < first {
		return failure.To(strconv.Quote(host)+" is no range of ports", err)
	}
	m.More = uint16(last - first)
	if to, _, shifted := strings.Cut(target, "-"); shifted {
		m.Target, err = netip.ParseAddrPort(to)
		return err
	}
	a, err := netip.ParseAddr(target)
	m.Target = netip.AddrPortFrom(a, m.HostPort)
	return err
}

// limit is the reverse of limitOptions.
func (f *family) limit(o options) (netip.Addr, nat.Limit, error) {
	l := nat.Limit{Via: o["-i"]}
	var err error
	if l.From, err = prefix(o["-s"]); err != nil {
		return f.any, l, err
	}
	if l.To, err = prefix(o["-d"]); err != nil || !l.To.IsValid() || !l.To.IsSingleIP() {
		return f.any, l, err
	}
	host := l.To.Addr()
	l.To = netip.Prefix{}
	return host, l, nil
}

func prefix(text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, nil
	}
	return netip.ParsePrefix(text)
}

// meanings are the rules that stand for a network of their own, by their comments.
var meanings = map[string]nat.Treatment{
	fromContainer: nat.Hairpin, hideClients: nat.HideClients, insideNetwork: nat.Inside, direct: nat.Direct,
	leavingAs: nat.SNAT, leavingRandom: nat.MasqueradeRandom, leaving: nat.Masquerade,
}

// network takes the network that a rule stands for, if it does. The rule that masquerades
// hairpin stands for none of its own.
func network(o options) (n nat.Network, ok bool, err error) {
	if n.Treatment, ok = meanings[o["--comment"]]; !ok {
		return n, false, nil
	}
	text := o["-s"]
	if n.Treatment == nat.HideClients {
		text = o["-d"]
	}
	if n.Prefix, err = netip.ParsePrefix(text); err != nil {
		return n, false, err
	}
	switch n.Treatment {
	case nat.Direct:
		n.Dst, err = netip.ParsePrefix(o["-d"])
	case nat.SNAT:
		n.To, err = netip.ParseAddr(o["--to-source"])
	case nat.Hairpin:
		n.Mark, err = mark(o)
	}
	return n, true, err
}

// mark is the reverse of marking.
func mark(o options) (nat.Mark, error) {
	if o["-j"] != "MARK" {
		return nat.Mark{Chain: o["-j"]}, nil
	}
	text, _, _ := strings.Cut(o["--set-xmark"], "/")
	value, err := strconv.ParseUint(text, 0, 32)
	if err != nil || bits.OnesCount64(value) != 1 {
		return nat.Mark{}, failure.To("mark "+strconv.Quote(text)+" is not one bit", err)
	}
	if value != defaultMask {
		return nat.Mark{Mask: uint32(value)}, nil
	}
	return nat.Mark{}, nil
}
