package nat

import (
	"net/netip"
	"slices"
	"testing"

	"vethbridge/internal/plainjson"
)

// TestMappingsStandInTheBookByRunsOfThePortsOfOneAddress has mappings that differ from the one before in one thing each.
func TestMappingsStandInTheBookByRunsOfThePortsOfOneAddress(t *testing.T) {
	mapping := func(first, last, to uint16) Mapping {
		return Mapping{
			Protocol: TCP, Host: netip.MustParseAddr("192.0.2.1"), HostPort: first, More: last - first,
			Target: netip.AddrPortFrom(netip.MustParseAddr("10.1.0.2"), to),
		}
	}
	udp, host, target, limited := mapping(1, 1, 1), mapping(2, 2, 2), mapping(3, 3, 3), mapping(4, 4, 4)
	udp.Protocol = UDP
	host.Host = netip.MustParseAddr("192.0.2.2")
	target.Target = netip.MustParseAddrPort("10.1.0.3:3")
	limited.Limit.Via = "eth0"
	for _, c := range []struct {
		list []Mapping
		runs int
		text string // of the others behind the first
	}{
		{nil, 0, ""},
		{[]Mapping{mapping(80, 80, 8080), mapping(9000, 9099, 1000), mapping(65535, 65535, 1)}, 1, "9000-9099:1000 65535:1"},
		{[]Mapping{mapping(9000, 9099, 80), udp, mapping(5, 5, 5), host, mapping(6, 6, 6), target, mapping(7, 7, 7), limited, limited}, 8, ""},
	} {
		text, err := plainjson.Marshal(newRecord(holder{}, Nftables, &Translations{Mappings: c.list}))
		var r record
		if err == nil {
			err = plainjson.Unmarshal(text, &r)
		}
		runs := r.Translations.Mappings
		if err != nil || len(runs) != c.runs || !slices.Equal(r.mappings(), c.list) {
			t.Errorf("%v stands there as %s, which is %v: %v", c.list, text, r.mappings(), err)
		}
		if c.runs > 0 {
			if others, _ := runs[0].Others.MarshalText(); string(others) != c.text {
				t.Errorf("others %q, want %q", others, c.text)
			}
		}
	}
}

func TestAListOfPortsThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"80", "80:", ":80", "80:x", "80-:80", "80-79:80", "80:80,81:81", "-80:80", "65536:1", "1:65536", "1-3:65534", "80:80:80"} {
		if err := new(portList).UnmarshalText([]byte("1:1 " + text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
