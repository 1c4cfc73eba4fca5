package netfilter

import (
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// DroppingForward names the chains at the hook forward that let nothing through but what they
// accept, as "inet filter forward": by their policy, or by a last rule for all packets. It reads
// all chains of the host.
func (c *Conn) DroppingForward() ([]string, error) {
	conn, err := c.Open()
	if err != nil {
		return nil, err
	}
	chains, err := conn.ListChains()
	if err != nil {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	var names []string
	for _, chain := range chains {
		if chain.Hooknum == nil || *chain.Hooknum != *nftables.ChainHookForward || chain.Table.Family == nftables.TableFamilyBridge {
			continue
		}
		drops := chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop
		if !drops {
			rules, err := conn.GetRules(chain.Table, chain)
			if err != nil {
				return nil, fmt.Errorf("list rules of chain %s: %w", chain.Name, err)
			}
			drops = len(rules) > 0 && dropsAll(rules[len(rules)-1].Exprs)
		}
		if drops {
			names = append(names, FamilyName(chain.Table.Family)+" "+chain.Table.Name+" "+chain.Name)
		}
	}
	return names, nil
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
