package iptables

import (
	"net/netip"

	"vethbridge/internal/netfilter"
)

// Our chains. Rules of others are in none of them.
const (
	guard       = "VETHBRIDGE-GUARD"
	dnat        = "VETHBRIDGE-DNAT"
	prerouting  = "VETHBRIDGE-PREROUTING"
	output      = "VETHBRIDGE-OUTPUT"
	postrouting = "VETHBRIDGE-POSTROUTING"
)

// The administrator's chains, which ours jump to first. We make them and never change what is in
// them.
const (
	userPrerouting  = "VETHBRIDGE-USER-PREROUTING"
	userPostrouting = "VETHBRIDGE-USER-POSTROUTING"
)

// table is what we have in one table of the kernel.
type table struct {
	name   string
	chains []string
	user   []string // the administrator's
	jumps  []jump
}

// jump leads from a chain of the kernel to one of ours.
type jump struct {
	from, to string
	first    bool // in front of all rules there
}

func (j jump) rule() string { return "-j " + j.to }

// tables are in the order in which they are loaded: the guard is there before any port. It
// comes before whatever else the host has in raw, since a rule there may accept a packet.
func tables() []table {
	return []table{
		{"raw", []string{guard}, nil, []jump{{"PREROUTING", guard, true}}},
		{"nat", []string{dnat, prerouting, output, postrouting}, []string{userPrerouting, userPostrouting}, []jump{
			{"PREROUTING", prerouting, false}, {"OUTPUT", output, false}, {"POSTROUTING", postrouting, false},
		}},
	}
}

// family is IPv4 or IPv6, which iptables keeps apart.
type family struct {
	program   string
	kernel    netfilter.Family
	any       netip.Addr
	localhost netip.Prefix
	multicast netip.Prefix // RFC 5771, RFC 4291
}

func families() []family {
	return []family{{
		program: "iptables", kernel: netfilter.IPv4,
		any: netip.IPv4Unspecified(), localhost: netip.MustParsePrefix("127.0.0.0/8"), multicast: netip.MustParsePrefix("224.0.0.0/4"),
	}, {
		program: "ip6tables", kernel: netfilter.IPv6,
		any: netip.IPv6Unspecified(), localhost: netip.MustParsePrefix("::1/128"), multicast: netip.MustParsePrefix("ff00::/8"),
	}}
}

func (f *family) has(a netip.Addr) bool { return a.Is4() == f.any.Is4() }
