package forward

import (
	"errors"
	"strings"

	"github.com/coreos/go-iptables/iptables"

	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
)

// chain is ours. Rules in it say which bridge they are for.
const chain = "VETHBRIDGE-FORWARD"

// Accepts reports whether our chain is there. For the legacy variant that can't be told without
// starting a process, and the answer is no.
func (f Firewall) Accepts() (bool, error) {
	if f.Legacy {
		return false, nil
	}
	return netfilter.ChainExists(f.table(), "filter", chain)
}

// LetsThrough reports whether our chain lets a bridge through. It starts a process.
func (f Firewall) LetsThrough(bridge string) (bool, error) {
	ipt, err := f.open()
	if err != nil {
		return false, err
	}
	if there, err := ipt.Exists("filter", "FORWARD", "-j", chain); err != nil || !there {
		return false, nil // to ask about a chain that is not there is an error
	}
	for _, rule := range rules(bridge) {
		if there, err := ipt.Exists("filter", chain, rule...); err != nil || !there {
			return false, err
		}
	}
	return true, nil
}

// Accept lets through what is forwarded from and to a bridge, by rules behind all that the
// host's administrator has, but ahead of a last rule that refuses everything. Repeating it
// changes nothing.
func (f Firewall) Accept(bridge string) error {
	ipt, err := f.open()
	if err != nil {
		return err
	}
	there, err := ipt.ChainExists("filter", chain)
	if err == nil && !there {
		err = ipt.NewChain("filter", chain)
	}
	for _, rule := range rules(bridge) {
		if err == nil {
			err = ipt.AppendUnique("filter", chain, rule...)
		}
	}
	if err == nil {
		err = enter(ipt)
	}
	if err != nil {
		return failure.To("accept bridge "+bridge+" in "+f.String(), err)
	}
	return nil
}

func rules(bridge string) [][]string {
	return [][]string{{"-i", bridge, "-j", "ACCEPT"}, {"-o", bridge, "-j", "ACCEPT"}}
}

// enter jumps to our chain.
func enter(ipt *iptables.IPTables) error {
	there, err := ipt.Exists("filter", "FORWARD", "-j", chain)
	if err != nil || there {
		return err
	}
	list, err := ipt.List("filter", "FORWARD") // the policy comes first
	if err != nil {
		return err
	}
	if refusesAll(list[len(list)-1]) {
		return ipt.Insert("filter", "FORWARD", len(list)-1, "-j", chain)
	}
	return ipt.Append("filter", "FORWARD", "-j", chain)
}

// refusesAll reports whether a rule of FORWARD, as "iptables -S" has it, is for all packets and lets none
// through.
func refusesAll(rule string) bool {
	return strings.HasPrefix(rule, "-A FORWARD -j REJECT") || rule == "-A FORWARD -j DROP"
}

// Withdraw takes back Accept, and our chain with its last bridge. What is not there is no error.
func (f Firewall) Withdraw(bridge string) error {
	ipt, err := f.open()
	if err != nil {
		return err
	}
	if there, err := ipt.ChainExists("filter", chain); err != nil || !there {
		return err
	}
	var failed []error
	for _, rule := range rules(bridge) {
		failed = append(failed, ipt.DeleteIfExists("filter", chain, rule...))
	}
	left, err := ipt.List("filter", chain) // "-N" comes first
	if failed = append(failed, err); len(left) == 1 {
		failed = append(failed, ipt.DeleteIfExists("filter", "FORWARD", "-j", chain), ipt.DeleteChain("filter", chain))
	}
	if err := errors.Join(failed...); err != nil {
		return failure.To("withdraw bridge "+bridge+" from "+f.String(), err)
	}
	return nil
}
