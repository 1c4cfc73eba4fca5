package netfilter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"vethbridge/internal/failure"
)

// Dropper is a chain that lets nothing through but what it accepts.
type Dropper struct {
	Name    string // "inet filter forward"
	Frames  bool   // it sees those of bridges, and their ports as links
	in, out []string
}

// Accepts reports whether rules of the chain name a link, or the beginning of its name, and accept all that comes in by
// it and all that leaves by it. What sets and other chains accept is not looked into.
func (d Dropper) Accepts(link string) bool { return names(d.in, link) && names(d.out, link) }

// names reports whether one of the names, as a rule compares them, is that of the link: one that ends in a zero byte is whole.
func names(list []string, link string) bool {
	for _, name := range list {
		if whole, is := strings.CutSuffix(name, "\x00"); is && strings.TrimRight(whole, "\x00") == link || !is && strings.HasPrefix(link, name) {
			return true
		}
	}
	return false
}

// DroppingForward lists the chains at the hook forward, and those of bridges at any hook, that let nothing through but what
// they accept: by their policy, or by a last rule for all packets. It reads all chains of the host but those of some tables.
func (c *Conn) DroppingForward(but ...string) ([]Dropper, error) {
	conn, err := c.Open()
	if err != nil {
		return nil, err
	}
	chains, err := conn.ListChains()
	if err != nil {
		return nil, failure.To("list chains", err)
	}
	var list []Dropper
	for _, chain := range chains {
		if chain.Hooknum == nil || *chain.Hooknum != *nftables.ChainHookForward && chain.Table.Family != nftables.TableFamilyBridge || slices.Contains(but, chain.Table.Name) {
			continue
		}
		rules, err := conn.GetRules(chain.Table, chain)
		if err != nil {
			return nil, failure.To("list rules of chain "+chain.Name, err)
		}
		drops := chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop
		if drops || len(rules) > 0 && dropsAll(rules[len(rules)-1].Exprs) {
			list = append(list, dropper(chain, rules))
		}
	}
	return list, nil
}

func dropper(chain *nftables.Chain, rules []*nftables.Rule) Dropper {
	family := chain.Table.Family
	d := Dropper{Name: FamilyName(family) + " " + chain.Table.Name + " " + chain.Name, Frames: family == nftables.TableFamilyBridge}
	for _, r := range rules {
		switch key, name := acceptsLink(r.Exprs); key {
		case expr.MetaKeyIIFNAME:
			d.in = append(d.in, name)
		case expr.MetaKeyOIFNAME:
			d.out = append(d.out, name)
		case expr.MetaKeyBRIIIFNAME, expr.MetaKeyBRIOIFNAME: // the bridge of either, which a frame stays on
			d.in, d.out = append(d.in, name), append(d.out, name)
		}
	}
	switch *chain.Hooknum {
	case *nftables.ChainHookPrerouting, *nftables.ChainHookInput: // a frame has no link to leave by yet, or none at all
		d.out = d.in
	case *nftables.ChainHookOutput, *nftables.ChainHookPostrouting:
		d.in = d.out
	}
	return d
}

// acceptsLink is the link, and its side, that a rule accepts everything of; the side is 0 if it is another rule.
func acceptsLink(exprs []expr.Any) (side expr.MetaKey, name string) {
	for _, e := range exprs {
		switch e := e.(type) {
		case *expr.Counter:
		case *expr.Meta:
			if side != 0 {
				return 0, ""
			}
			side = e.Key
		case *expr.Cmp:
			if name != "" || e.Op != expr.CmpOpEq {
				return 0, ""
			}
			name = string(e.Data)
		case *expr.Verdict:
			if e.Kind == expr.VerdictAccept {
				return side, name
			}
			return 0, ""
		default:
			return 0, ""
		}
	}
	return 0, ""
}

// dropsAll reports whether a rule ends the way of every packet. What a reject answers may depend on
// the packet, and what is counted or logged goes on.
func dropsAll(exprs []expr.Any) bool {
	for _, e := range exprs {
		switch e := e.(type) {
		case *expr.Counter, *expr.Log:
			continue
		case *expr.Reject:
			return true
		case *expr.Target: // of iptables
			return e.Name == "REJECT"
		case *expr.Verdict:
			return e.Kind == expr.VerdictDrop
		default:
			return false
		}
	}
	return false
}

// FamilyName returns the name of a table's family as nft has it, "inet".
func FamilyName(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyINet:
		return "inet"
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	case nftables.TableFamilyBridge:
		return "bridge"
	}
	return fmt.Sprintf("family %d", f)
}
