package nft

import (
	"github.com/google/nftables"

	"vethbridge/internal/netfilter"
)

func chain(name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority, rules []netfilter.Rule) netfilter.Chain {
	return netfilter.Chain{Name: name, Type: kind, Hook: hook, Priority: priority, Rules: rules}
}

// chains is the fixed structure of the table. The guard is a filter far ahead of the
// translations: nft's "raw" priority comes before conntrack, "dstnat" after it.
func chains() []netfilter.Chain {
	return []netfilter.Chain{
		chain("guard", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw, guardRules()),
		netfilter.User("prerouting"),
		netfilter.User("postrouting"),
		chain("ports", "", nil, nil, dnatRules()),
		chain("to_host", "", nil, nil, toHostRules()),
		chain("within_host", "", nil, nil, withinHostRules()),
		chain("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest, preroutingRules()),
		chain("output", nftables.ChainTypeNAT, nftables.ChainHookOutput, nftables.ChainPriorityNATDest, outputRules()),
		chain("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource, postroutingRules()),
	}
}

func layout() netfilter.Layout {
	sets := []*nftables.Set{netfilter.LayoutMark(table())}
	for _, f := range families {
		sets = append(sets, f.sets()...)
	}
	return netfilter.Layout{Table: table(), Sets: sets, Chains: chains()}
}
