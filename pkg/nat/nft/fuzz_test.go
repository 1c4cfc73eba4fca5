package nft

import (
	"net/netip"
	"strings"
	"testing"

	"vethbridge/pkg/nat"
)

// FuzzElementsAreOfTheFixedMaps shows that any mapping in one piece is one element of one of the fixed maps,
// whose key and value have the sizes of its fields, and is read back as what it was: no text
// but the owner's mark gets to the kernel, and that as a comment.
func FuzzElementsAreOfTheFixedMaps(f *testing.F) {
	f.Add("vethbridge demo/web/eth0", "eth0", "192.0.2.0/24", "198.51.100.0/24", "0.0.0.0", uint16(8080), uint16(0), uint16(80))
	f.Add("vethbridge demo/web/eth0", "", "", "", "::", uint16(5000), uint16(999), uint16(5000))
	f.Add("\x00\" drop", "a+", "2001:db8::/33", "", "2001:db8::1", uint16(1), uint16(0), uint16(1))
	f.Add("0", "", "", "", "0.0.0.0", uint16(8080), uint16(77), uint16(80))
	f.Fuzz(func(t *testing.T, mark, via, from, to, host string, port, more, target uint16) {
		m := nat.Mapping{Protocol: nat.SCTP, HostPort: port, Target: netip.AddrPortFrom(netip.MustParseAddr("10.1.0.2"), target)}
		var err error
		if m.Host, err = netip.ParseAddr(host); err != nil || m.Host.Zone() != "" || m.Host.Is4In6() || port == 0 {
			return
		}
		if m.Host.Is6() {
			m.Target = netip.AddrPortFrom(netip.MustParseAddr("fd01::2"), target)
		}
		if stem := strings.TrimSuffix(via, "+"); len(stem) < 16 && !strings.ContainsAny(stem, "+\x00") && (stem != "" || via == "") {
			m.Limit.Via = via
		}
		m.Limit.From = some(from, m.Host)
		if m.Host.IsUnspecified() {
			m.Limit.To = some(to, m.Host)
		}
		if m.Limit.To.IsValid() && m.Limit.To.IsSingleIP() {
			return // which is the mapping's own address
		}
		if int(port)+int(more) <= 65535 && m.Limit.Via == "" && more > 0 {
			m.More, m.Target = more, netip.AddrPortFrom(m.Target.Addr(), port)
		}
		if !whole(&m) {
			m = m.Single(more)
		}
		set := setOf(&m)
		got, err := set.family.entry(set.name, mappingElement(mark, &m))
		if want := (nat.Entry{Mark: mark, Mapping: m}); err != nil || got != want {
			t.Errorf("%+v in %s is read back as %+v, %v", want, set.name, got, err)
		}
	})
}

// some is the prefix of a family that a text names, invalid if it does not or names everything.
func some(text string, of netip.Addr) netip.Prefix {
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4() != of.Is4() || p.Addr().Is4In6() || p.Bits() == 0 {
		return netip.Prefix{}
	}
	return p.Masked()
}
