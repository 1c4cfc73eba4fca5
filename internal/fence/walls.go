package fence

import (
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"vethbridge/internal/netfilter"
)

// wallsChains is the fixed structure of the inet table.
func wallsChains() []netfilter.Chain {
	return []netfilter.Chain{
		netfilter.User("forward"),
		netfilter.User("input"),
		{Name: "apart", Rules: apartRules()},
		{Name: "into", Rules: intoRules()},
		{Name: "forward", Type: nftables.ChainTypeFilter, Hook: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter, Rules: forwardRules()},
		{Name: "input", Type: nftables.ChainTypeFilter, Hook: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter, Rules: inputRules()},
	}
}

func oifname() []expr.Any { return netfilter.Meta(expr.MetaKeyOIFNAME) }

// sameBridge loads both names, for sets of bridge . bridge.
func sameBridge() []expr.Any {
	return append(iifname(), &expr.Meta{Key: expr.MetaKeyOIFNAME, Register: netfilter.At(4)})
}

func known() []expr.Any {
	return netfilter.TrackedAs(expr.CtKeySTATE, expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED)
}

func established() netfilter.Rule {
	return rule("of a connection that was let in", netfilter.TrackedAs(expr.CtKeySTATE, expr.CtStateBitESTABLISHED), accept())
}

// related is behind what no packet may pass: an error that a container makes up about a connection of others
// is related to that, and quotes whatever it likes.
func related() netfilter.Rule {
	return rule("about a connection that was let in", netfilter.TrackedAs(expr.CtKeySTATE, expr.CtStateBitRELATED), accept())
}

func published() []expr.Any {
	return netfilter.TrackedAs(expr.CtKeySTATUS, netfilter.DestinationTranslated)
}

// forwardRules judge the first packet of a connection; the others follow it. What leaves our networks,
// as most of it does, is asked for in few sets.
func forwardRules() []netfilter.Rule {
	return []netfilter.Rule{
		netfilter.ToUser("forward"),
		established(),
		rule("into a network", oifname(), in(Bridges), netfilter.Goto("into")),
		outOfInternal(),
		related(),
		outsideOfConnections(),
		toPublished(),
		betweenOthers("IPv4", unix.NFPROTO_IPV4, Unrouted4),
		betweenOthers("IPv6", unix.NFPROTO_IPV6, Unrouted6),
	}
}

// intoRules judge what goes to a network of ours, from wherever.
func intoRules() []netfilter.Rule {
	return []netfilter.Rule{
		rule("containers apart", sameBridge(), in(Apart), jump("apart")),
		rule("inside a network", sameBridge(), in(Inner), accept()),
		outOfInternal(),
		rule("into an internal network", oifname(), in(Internal), drop()),
		related(),
		outsideOfConnections(),
		toPublished(),
		rule("into a network reached by published ports only", oifname(), in(Closed), drop()),
		rule("from another network", oifname(), in(Walled), iifname(), in(Bridges), drop()),
	}
}

func toPublished() netfilter.Rule { return rule("to a published port", published(), accept()) }

func outOfInternal() netfilter.Rule {
	return rule("out of an internal network", iifname(), in(Internal), drop())
}

func outsideOfConnections() netfilter.Rule {
	return rule("outside of any connection", netfilter.TrackedAs(expr.CtKeySTATE, expr.CtStateBitINVALID), iifname(), in(ValidOnly), drop())
}

// apartRules judge what goes from a port to another of a bridge whose ports don't reach each other.
func apartRules() []netfilter.Rule {
	return []netfilter.Rule{
		rule("published port beside it", published(), accept()),
		rule("containers apart", drop()),
	}
}

// betweenOthers is for a host that forwards because of us alone: it was no router before, and its
// other links may lead to networks that must not reach each other.
func betweenOthers(name string, family byte, unrouted Set) netfilter.Rule {
	return rule("between other links of the host, "+name, isFamily(family),
		iifname(), netfilter.NotIn(Bridges.String()), oifname(), netfilter.NotIn(Bridges.String()),
		iifname(), in(unrouted), oifname(), in(unrouted), drop())
}

// inputRules leave neighbour discovery alone, without which no packet gets anywhere.
func inputRules() []netfilter.Rule {
	discovery := func(kind byte) []expr.Any { return slices.Concat(isFamily(unix.NFPROTO_IPV6), icmpv6(kind), accept()) }
	return []netfilter.Rule{
		netfilter.ToUser("input"),
		rule("of a connection that was let in", known(), accept()),
		rule("neighbour solicitation", discovery(solicitation)),
		rule("neighbour advertisement", discovery(advertisement)),
		rule("from a network that reaches nothing of the host", iifname(), in(HostNone), drop()),
		rule("to a gateway, IPv4", isFamily(unix.NFPROTO_IPV4), iifname(), network(16, 4, 4), in(Gateways4), accept()),
		rule("to a gateway, IPv6", isFamily(unix.NFPROTO_IPV6), iifname(), network(24, 16, 4), in(Gateways6), accept()),
		rule("from a network that reaches its gateways only", iifname(), in(HostGateway), drop()),
	}
}

func isFamily(family byte) []expr.Any {
	return slices.Concat(netfilter.Meta(expr.MetaKeyNFPROTO), equals([]byte{family}))
}
