package iptables

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vethbridge/pkg/nat"
)

// ruleGrammar is all that a rule of ours may look like.
var ruleGrammar = func() *regexp.Regexp {
	const (
		quoted  = `"(?:[^"\\[:cntrl:]]|\\["'\\])*"`
		prefix  = `[0-9a-f:.]+/[0-9]{1,3}`
		match   = `(?: (?:!|-m|-i|--[A-Za-z0-9_-]*|[A-Za-z0-9_][A-Za-z0-9_-]*|` + quoted + `))*?`
		comment = `-m comment --comment (?:[A-Za-z0-9_-]+|` + quoted + `)`
		chain   = `[A-Za-z0-9_][A-Za-z0-9_-]{0,27}`
		link    = `[^\s"'\\!-][^\s"'\\!]*`
		ports   = `-p (?:tcp|udp|sctp)` + match + `(?: -m addrtype --dst-type LOCAL)? -m (?:tcp|udp|sctp) --dport [0-9]{1,5}(?::[0-9]{1,5})?`
		to      = `:[0-9]{1,5}(?:-[0-9]{1,5}/[0-9]{1,5})?`
		target  = `DNAT --to-destination (?:[0-9.]+(?:` + to + `)?|\[[0-9a-f:.]+\]` + to + `|[0-9a-f:.]+)`
		other   = `(?:! -i lo|-m addrtype --dst-type LOCAL|-m mark --mark 0x[0-9a-f]+/0x[0-9a-f]+|-m conntrack --ctstate DNAT)`
		verdict = `DROP|RETURN|MASQUERADE(?: --random-fully)?|SNAT --to-source [0-9a-f:.]+|MARK --set-xmark 0x[0-9a-f]+/0x[0-9a-f]+|` + chain
	)
	published := `(?:-s ` + prefix + ` )?(?:-d ` + prefix + ` )?(?:-i ` + link + ` )?` + ports + ` ` + comment + ` -j ` + target
	network := `(?:-s ` + prefix + ` )?(?:-d ` + prefix + ` )?(?:` + other + ` )*` + comment + ` -j (?:` + verdict + `)`
	return regexp.MustCompile(`^(?:` + published + `|` + network + `)$`)
}()

// FuzzRulesAreOfTheFixedGrammar writes rules for whatever stands in the texts that a mapping has:
// the mark of its owner, and the names of a link and of a chain. What is written is of the
// grammar, and is read back as what it was.
func FuzzRulesAreOfTheFixedGrammar(f *testing.F) {
	f.Add("vethbridge demo/web/eth0", "eth0", "KUBE-MARK-MASQ", "-m set --match-set clients src", uint16(8080), uint16(0), uint16(80), uint8(24), true)
	f.Add(`vethbridge "; -j ACCEPT`, "lo", "", "! -i eth0 -m owner", uint16(5000), uint16(99), uint16(5000), uint8(0), false)
	f.Add("vethbridge a\nCOMMIT", "eth+ -j ACCEPT", "X -j ACCEPT", "-j ACCEPT", uint16(1), uint16(3), uint16(7), uint8(32), true)
	f.Add(`back\slash and 'quote'`, "-i", "A\nB", "--x\" -j ACCEPT", uint16(65000), uint16(10), uint16(65530), uint8(8), false)
	f.Add("0", "0", "0", "0", uint16(65000), uint16(10), uint16(65510), uint8(8), false)
	f.Fuzz(func(t *testing.T, mark, via, chain, match string, port, more, lead uint16, bits uint8, v4 bool) {
		mark, via = strings.ToValidUTF8(mark, "?"), strings.ToValidUTF8(via, "?") // as all that comes by JSON
		match = strings.Join(strings.Fields(strings.ToValidUTF8(match, "?")), " ")
		if strings.Contains(mark, inWords) {
			return // no name of an owner has spaces
		}
		fam := families()[1]
		target, from := netip.MustParseAddr("fd01::2"), netip.MustParseAddr("2001:db8::")
		if v4 {
			fam, target, from = families()[0], netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("192.0.2.0")
		}
		m := nat.Mapping{Protocol: nat.UDP, Host: fam.any, HostPort: max(port, 1), Target: netip.AddrPortFrom(target, max(port, 1)), Limit: nat.Limit{Via: via, Match: match}}
		if int(m.HostPort)+int(more) <= 65535 {
			m.More = more
		}
		if int(lead)+int(m.More) <= 65535 && lead > 0 {
			m.Target = netip.AddrPortFrom(target, lead)
		}
		if bits := int(bits) % (from.BitLen() + 1); bits > 0 {
			m.Limit.From = netip.PrefixFrom(from, bits).Masked()
		}
		n := nat.Network{Prefix: netip.PrefixFrom(target, target.BitLen()-8).Masked(), Treatment: nat.Hairpin, Mark: nat.Mark{Chain: chain}}
		entries := []nat.Entry{{Mark: mark, Mapping: m}}
		rules, err := fam.rules(&nat.Ruleset{Entries: entries, Networks: []nat.Network{n}})
		if err != nil {
			return
		}
		checkGrammar(t, rules)
		back, err := fam.ruleset(saved{chains: rules})
		if err != nil || !slices.Equal(back.Entries, apart(entries)) {
			t.Errorf("%+v is read back as %+v, %v", m, back, err)
		}
	})
}

func checkGrammar(t *testing.T, rules map[string][]string) {
	t.Helper()
	for chain, list := range rules {
		for _, rule := range list {
			if !ruleGrammar.MatchString(rule) {
				t.Errorf("chain %s has %q", chain, rule)
			}
		}
	}
}

// FuzzWhatIsReadIsWrittenByTheGrammar has anything stand in the chains: what is read of it is written again with the next change.
func FuzzWhatIsReadIsWrittenByTheGrammar(f *testing.F) {
	f.Add("*nat\n:VETHBRIDGE-DNAT - [0:0]\n:VETHBRIDGE-POSTROUTING - [0:0]\n" +
		`-A VETHBRIDGE-DNAT -s 192.0.2.0/24 -i eth0 -p tcp -m tcp --dport 80:90 -m comment --comment "vethbridge a/b/c" -j DNAT --to-destination 10.1.0.2` + "\n" +
		`-A VETHBRIDGE-POSTROUTING -s 10.1.0.0/24 -m comment --comment "leaving as one address" -j SNAT --to-source 192.0.2.1` + "\nCOMMIT\n")
	f.Add("*nat\n:VETHBRIDGE-PREROUTING - [0:0]\n" +
		`-A VETHBRIDGE-PREROUTING -s fd00::/64 -m comment --comment "from a container" -j MARK --set-xmark 0x2000/0x2000` + "\nCOMMIT\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := readSaved(text)
		for _, fam := range families() {
			r, err := fam.ruleset(s)
			if err != nil {
				continue
			}
			if rules, err := fam.rules(&r); err == nil {
				s.missing(&fam, rules)
				checkGrammar(t, rules)
			}
		}
	})
}
