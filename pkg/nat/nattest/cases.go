package nattest

import (
	"net/netip"

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

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// Cases are translations of every kind. No two of them claim the same host port.
func Cases() []Case {
	return []Case{
		{"masquerade only", nat.Translations{Masquerade: prefixes("10.1.0.0/24", "fd01::/64")}},
		{"any address", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.TCP, "0.0.0.0", 8080, "10.1.0.2:80"), mapping(nat.TCP, "::", 8080, "[fd01::2]:80")},
			Hairpin:  prefixes("10.1.0.0/24", "fd01::/64"),
		}},
		{"one address", nat.Translations{
			Mappings:   []nat.Mapping{mapping(nat.TCP, "192.0.2.1", 8443, "10.1.0.3:443"), mapping(nat.TCP, "2001:db8::1", 8443, "[fd01::3]:443")},
			Masquerade: prefixes("10.1.0.0/24"),
		}},
		{"udp and sctp", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.UDP, "0.0.0.0", 53, "10.1.0.4:53"), mapping(nat.SCTP, "0.0.0.0", 53, "10.1.0.4:53")},
		}},
		{"the same port of two addresses", nat.Translations{
			Mappings: []nat.Mapping{mapping(nat.TCP, "192.0.2.1", 9000, "10.1.0.5:1"), mapping(nat.TCP, "192.0.2.2", 9000, "10.1.0.5:2")},
		}},
		{"a network inside another's", nat.Translations{Masquerade: prefixes("10.0.0.0/8"), Hairpin: prefixes("10.1.0.0/16")}},
		{"the ends of the address space", nat.Translations{Masquerade: prefixes("255.255.255.0/24", "ffff:ffff::/32")}},
	}
}
