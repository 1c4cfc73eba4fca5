package nattest

import (
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/pkg/nat"
)

// Case is a named set of translations.
type Case struct {
	Name string
	Want nat.Translations
}

// Owner returns the n-th owner of the tests.
func Owner(n int) attachment.Owner {
	return attachment.Owner{Network: "demo", ContainerID: "c" + string(rune('0'+n)), IfName: "eth0"}
}

func mapping(p nat.Protocol, host string, port uint16, target string) nat.Mapping {
	return nat.Mapping{Protocol: p, Host: netip.MustParseAddr(host), HostPort: port, Target: netip.MustParseAddrPort(target)}
}

// ports maps a range, each to the port of its own number.
func ports(p nat.Protocol, host string, first, last uint16, target string) nat.Mapping {
	m := nat.Mapping{Protocol: p, Host: netip.MustParseAddr(host), HostPort: first, More: last - first}
	m.Target = netip.AddrPortFrom(netip.MustParseAddr(target), first)
	return m
}

// shifted has a range lead to as many ports that begin with another one.
func shifted(m nat.Mapping, target uint16) nat.Mapping {
	m.Target = netip.AddrPortFrom(m.Target.Addr(), target)
	return m
}

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// treated returns networks with one treatment.
func treated(t nat.Treatment, texts ...string) (list []nat.Network) {
	for _, p := range prefixes(texts...) {
		list = append(list, nat.Network{Prefix: p, Treatment: t})
	}
	return list
}

func snat(network, to string) nat.Network {
	return nat.Network{Prefix: netip.MustParsePrefix(network), Treatment: nat.SNAT, To: netip.MustParseAddr(to)}
}

func direct(network, dst string) nat.Network {
	return nat.Network{Prefix: netip.MustParsePrefix(network), Treatment: nat.Direct, Dst: netip.MustParsePrefix(dst)}
}

func limited(m nat.Mapping, from, to, via string) nat.Mapping {
	if from != "" {
		m.Limit.From = netip.MustParsePrefix(from)
	}
	if to != "" {
		m.Limit.To = netip.MustParsePrefix(to)
	}
	m.Limit.Via = via
	return m
}

// Cases are translations of every kind. No two of them claim the same host port.
func Cases() []Case {
	web4, web6 := mapping(nat.TCP, "0.0.0.0", 8081, "10.1.0.2:80"), mapping(nat.TCP, "::", 8081, "[fd01::2]:80")
	one4, one6 := mapping(nat.TCP, "192.0.2.1", 8082, "10.1.0.2:80"), mapping(nat.TCP, "2001:db8::1", 8082, "[fd01::2]:80")
	return []Case{
		{"masquerade only", nat.Translations{Networks: treated(nat.Masquerade, "10.1.0.0/24", "fd01::/64")}},
		{"any address", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.TCP, "0.0.0.0", 8080, "10.1.0.2:80"), mapping(nat.TCP, "::", 8080, "[fd01::2]:80")},
			Networks: treated(nat.Hairpin, "10.1.0.0/24", "fd01::/64"),
		}},
		{"one address", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.TCP, "192.0.2.1", 8443, "10.1.0.3:443"), mapping(nat.TCP, "2001:db8::1", 8443, "[fd01::3]:443")},
			Networks: treated(nat.Masquerade, "10.1.0.0/24"),
		}},
		{"udp and sctp", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.UDP, "0.0.0.0", 53, "10.1.0.4:53"), mapping(nat.SCTP, "0.0.0.0", 53, "10.1.0.4:53")},
		}},
		{"the same port of two addresses", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.TCP, "192.0.2.1", 9000, "10.1.0.5:1"), mapping(nat.TCP, "192.0.2.2", 9000, "10.1.0.5:2")},
		}},
		{"a network inside another's", nat.Translations{
			Networks: append(treated(nat.Hairpin, "10.1.0.0/16"), treated(nat.Masquerade, "10.0.0.0/8")...),
		}},
		{"some destinations without masquerade", nat.Translations{Networks: append(
			treated(nat.Masquerade, "10.1.0.0/24", "fd01::/64"),
			direct("10.1.0.0/24", "10.0.0.0/8"), direct("10.1.0.0/24", "192.0.2.7/32"), direct("fd01::/64", "fd00::/8"),
		)}},
		{"the ends of the address space", nat.Translations{Networks: treated(nat.Masquerade, "255.255.255.0/24", "ffff:ffff::/32")}},
		{"some clients", nat.Translations{Mappings: []nat.Mapping{
			limited(web4, "192.0.2.0/25", "", ""), limited(web4, "198.51.100.0/24", "", ""), limited(web6, "2001:db8::/32", "", ""),
			limited(one4, "192.0.2.0/25", "", ""), limited(one6, "2001:db8::/32", "", ""),
		}}},
		{"some links and addresses", nat.Translations{Mappings: []nat.Mapping{
			limited(mapping(nat.TCP, "0.0.0.0", 8083, "10.1.0.2:80"), "", "", "eth0"),
			limited(mapping(nat.TCP, "0.0.0.0", 8083, "10.1.0.2:80"), "", "", "lo"),
			limited(mapping(nat.TCP, "0.0.0.0", 8084, "10.1.0.2:80"), "", "198.51.100.0/24", ""),
			limited(mapping(nat.UDP, "0.0.0.0", 8085, "10.1.0.2:80"), "192.0.2.128/25", "198.51.100.0/24", "eth+"),
			limited(mapping(nat.UDP, "::", 8085, "[fd01::2]:80"), "2001:db8:1::/48", "2001:db8::/64", "eth+"),
			limited(mapping(nat.UDP, "2001:db8::1", 8086, "[fd01::2]:80"), "", "", "eth0"),
		}}},
		{"ranges of ports", nat.Translations{Mappings: []nat.Mapping{
			ports(nat.UDP, "0.0.0.0", 5000, 5999, "10.1.0.2"), ports(nat.UDP, "::", 5000, 5999, "fd01::2"),
			ports(nat.UDP, "0.0.0.0", 6000, 6001, "10.1.0.3"),
			ports(nat.TCP, "192.0.2.1", 5000, 5999, "10.1.0.2"), ports(nat.TCP, "192.0.2.2", 5000, 5999, "10.1.0.3"),
			limited(ports(nat.SCTP, "0.0.0.0", 1000, 65535, "10.1.0.2"), "192.0.2.0/25", "198.51.100.0/24", ""),
		}}},
		{"ranges of ports that lead to others", nat.Translations{Mappings: []nat.Mapping{
			shifted(ports(nat.TCP, "0.0.0.0", 7000, 7002, "10.1.0.2"), 80), shifted(ports(nat.TCP, "::", 7000, 7002, "fd01::2"), 80),
			shifted(ports(nat.UDP, "192.0.2.1", 7000, 7001, "10.1.0.2"), 9000),
			limited(shifted(ports(nat.UDP, "0.0.0.0", 7010, 7011, "10.1.0.2"), 80), "192.0.2.0/25", "", ""),
			limited(ports(nat.UDP, "0.0.0.0", 7020, 7021, "10.1.0.2"), "", "", "eth0"),
		}}},
		{"ways to leave", nat.Translations{Networks: slices.Concat(
			treated(nat.HideClients, "10.1.0.0/24", "fd01::/64"),
			[]nat.Network{snat("10.1.0.0/24", "192.0.2.1"), snat("10.1.1.0/24", "192.0.2.2"), snat("fd01::/64", "2001:db8::1")},
			treated(nat.MasqueradeRandom, "10.1.2.0/24", "fd02::/64"),
		)}},
	}
}
