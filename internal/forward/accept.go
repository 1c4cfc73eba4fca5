package forward

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	if there, err := ipt.has("FORWARD", "-j", chain); err != nil || !there {
		return false, nil // to ask about a chain that is not there is an error
	}
	for _, rule := range rules(bridge) {
		if there, err := ipt.has(chain, rule...); err != nil || !there {
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
	there, err := ipt.list("filter", chain)
	if err == nil && len(there) == 0 {
		err = ipt.change("-N", chain)
	}
	for _, rule := range rules(bridge) {
		if err == nil {
			err = ipt.insist(chain, rule...)
		}
	}
	if err == nil {
		err = enter(ipt)
	}
	if err != nil {
		return fmt.Errorf("accept bridge %s in %s: %w", bridge, f, err)
	}
	return nil
}

func rules(bridge string) [][]string {
	return [][]string{{"-i", bridge, "-j", "ACCEPT"}, {"-o", bridge, "-j", "ACCEPT"}}
}

// enter jumps to our chain.
func enter(ipt program) error {
	there, err := ipt.has("FORWARD", "-j", chain)
	if err != nil || there {
		return err
	}
	list, err := ipt.list("filter", "FORWARD")
	if err != nil {
		return err
	}
	if refusesRest(list) {
		return ipt.change("-I", "FORWARD", strconv.Itoa(len(list)-1), "-j", chain) // the policy comes first
	}
	return ipt.change("-A", "FORWARD", "-j", chain)
}

// refusesRest reports whether the last of the rules of FORWARD, as "iptables -S" has them, is for all
// packets and lets none through.
func refusesRest(rules []string) bool {
	if len(rules) == 0 {
		return false
	}
	last := rules[len(rules)-1]
	return strings.HasPrefix(last, "-A FORWARD -j REJECT") || last == "-A FORWARD -j DROP"
}

// Withdraw takes back Accept, and our chain with its last bridge. What is not there is no error.
func (f Firewall) Withdraw(bridge string) error {
	ipt, err := f.open()
	if err != nil {
		return err
	}
	if there, err := ipt.list("filter", chain); err != nil || len(there) == 0 {
		return err
	}
	var failed []error
	for _, rule := range rules(bridge) {
		failed = append(failed, ipt.remove(chain, rule...))
	}
	left, err := ipt.list("filter", chain) // "-N" comes first
	if failed = append(failed, err); len(left) == 1 {
		failed = append(failed, ipt.remove("FORWARD", "-j", chain), ipt.change("-X", chain))
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("withdraw bridge %s from %s: %w", bridge, f, err)
	}
	return nil
}
