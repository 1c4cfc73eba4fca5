package nat_test

import (
	"net/netip"
	"strings"

	"vethbridge/pkg/nat"
)

// mappings reads "tcp 0.0.0.0:80 10.1.0.2:80".
func mappings(texts ...string) []nat.Mapping {
	var list []nat.Mapping
	for _, text := range texts {
		fields := strings.Fields(text)
		protocol, err := nat.ParseProtocol(fields[0])
		if err != nil {
			panic(err)
		}
		host := netip.MustParseAddrPort(fields[1])
		list = append(list, nat.Mapping{
			Protocol: protocol, Host: host.Addr(), HostPort: host.Port(), Target: netip.MustParseAddrPort(fields[2]),
		})
	}
	return list
}

// ranges reads one mapping and has more ports follow.
func ranges(text string, more uint16) []nat.Mapping {
	list := mappings(text)
	list[0].More = more
	return list
}

// networks reads "masquerade 10.1.0.0/24", or "direct 10.1.0.0/24 to 10.0.0.0/8".
func networks(texts ...string) []nat.Network {
	var list []nat.Network
	for _, text := range texts {
		var n nat.Network
		treatment, prefix, _ := strings.Cut(text, " ")
		if err := n.Treatment.UnmarshalText([]byte(treatment)); err != nil {
			panic(err)
		}
		prefix, dst, isDirect := strings.Cut(prefix, " to ")
		n.Prefix = netip.MustParsePrefix(prefix)
		if isDirect {
			n.Dst = netip.MustParsePrefix(dst)
		}
		list = append(list, n)
	}
	return list
}
