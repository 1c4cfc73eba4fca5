package nft

import (
	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// rule is one rule with the comment that says what it is for, by which List knows it again.
type rule struct {
	comment string
	exprs   []expr.Any
}

// chain is a chain with its rules; a chain without a hook is jumped to.
type chain struct {
	name     string
	kind     nftables.ChainType
	hook     *nftables.ChainHook
	priority *nftables.ChainPriority
	rules    []rule
}

// chains is the fixed structure of the table. The guard is a filter far ahead of the
// translations: nft's "raw" priority comes before conntrack, "dstnat" after it.
func chains() []chain {
	return []chain{
		{"guard", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw, guardRules()},
		{"dnat", "", nil, nil, dnatRules()},
		{"prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest, preroutingRules()},
		{"output", nftables.ChainTypeNAT, nftables.ChainHookOutput, nftables.ChainPriorityNATDest, outputRules()},
		{"postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource, postroutingRules()},
	}
}

func (c chain) nft() *nftables.Chain {
	return &nftables.Chain{Name: c.name, Table: table(), Type: c.kind, Hooknum: c.hook, Priority: c.priority}
}
