package iptables

import (
	"net/netip"
	"strings"
	"testing"

	"vethbridge/pkg/nat"
)

// TestWhatWouldMakeAnotherRuleIsRefused, of the conditions in iptables' words.
func TestWhatWouldMakeAnotherRuleIsRefused(t *testing.T) {
	for match, allowed := range map[string]bool{
		"-m set --match-set clients src": true, "-m owner ! --uid-owner 0": true, "! -i eth0": true, strings.Repeat("x", MaxMatch): true,
		"-i eth0": false, "-j ACCEPT": false, "-m tcp --dport 1": false, "--jump ACCEPT": false, "--table nat": false, "-m comment": false,
		"-m comment --comment other": false, strings.Repeat("x", MaxMatch+1): false,
	} {
		if err := CheckMatch(match); (err == nil) != allowed {
			t.Errorf("%q: %v", match, err)
		}
	}
}

// TestWhatIptablesTakesForSomethingElseIsNotWritten: a link for an option, everything for no condition.
func TestWhatIptablesTakesForSomethingElseIsNotWritten(t *testing.T) {
	fam := families()[0]
	for _, via := range []string{"-j", "eth0 -j ACCEPT", "!", "a\nCOMMIT"} {
		m := nat.Mapping{Protocol: nat.TCP, Host: fam.any, HostPort: 80, Target: netip.MustParseAddrPort("10.1.0.2:80"), Limit: nat.Limit{Via: via}}
		if rules, err := fam.rules(&nat.Ruleset{Entries: []nat.Entry{{Mapping: m}}}); err == nil {
			t.Errorf("link %q: %q", via, rules[dnat])
		}
	}
	one, all := netip.MustParsePrefix("10.1.0.0/24"), netip.MustParsePrefix("0.0.0.0/0")
	for _, n := range []nat.Network{{Prefix: all, Treatment: nat.Masquerade}, {Prefix: one, Dst: all, Treatment: nat.Direct}} {
		if rules, err := fam.rules(&nat.Ruleset{Networks: []nat.Network{n}}); err == nil {
			t.Errorf("network %s: %q", n, rules[postrouting])
		}
	}
}
