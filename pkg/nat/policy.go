package nat

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// Port asks for a host port to lead to a port of the container.
type Port struct {
	Protocol Protocol
	// HostIP is an address of the host; invalid for any. An unspecified one is any address
	// of its own family.
	HostIP netip.Addr
	// HostPort 0 is one to be chosen, see Choose.
	HostPort      uint16
	ContainerPort uint16
	// More is how many ports follow the first one, each to the next port of the container.
	More uint16
}

// String returns "tcp 192.0.2.1:8080", or "tcp any:8000-8010".
func (p Port) String() string {
	host := "any"
	if p.HostIP.IsValid() {
		host = p.HostIP.String()
	}
	if p.More > 0 {
		return fmt.Sprintf("%s %s:%d-%d", p.Protocol, host, p.HostPort, p.HostPort+p.More)
	}
	return fmt.Sprintf("%s %s:%d", p.Protocol, host, p.HostPort)
}

// Request is what translations follow from.
type Request struct {
	Addresses  []netip.Prefix // of the container, each with its network's length
	Ports      []Port
	Masquerade bool // what leaves the container's networks gets the host's address
	Hairpin    bool // clients on the container's own network get through published ports too
}

// Translate decides which translations an attachment needs. It is a pure function with a
// canonical result: order and duplicates in the request make no difference.
//
// Each family is served by the container's first address of it. A port without HostIP, or
// with the unspecified IPv4 address (which runtimes write for "any"), serves every family
// that the container has; one with another HostIP serves that address's family. A port
// that can serve no family is a *MappingError.
func Translate(r Request) (Translations, error) {
	var t Translations
	for _, p := range r.Ports {
		mappings, err := p.mappings(r.Addresses)
		if err != nil {
			return Translations{}, err
		}
		t.Mappings = append(t.Mappings, mappings...)
	}
	for _, a := range r.Addresses {
		if r.Masquerade {
			t.Masquerade = append(t.Masquerade, a.Masked())
		}
		if r.Hairpin && len(r.Ports) > 0 {
			t.Hairpin = append(t.Hairpin, a.Masked())
		}
	}
	return t.canonical(), nil
}

func (p Port) mappings(addresses []netip.Prefix) ([]Mapping, error) {
	if p.ContainerPort == 0 {
		return nil, &MappingError{p, "the container has no port 0"}
	}
	if int(max(p.HostPort, p.ContainerPort))+int(p.More) > math.MaxUint16 {
		return nil, &MappingError{p, "the range goes beyond port 65535"}
	}
	var list []Mapping
	var served [2]bool
	for _, a := range addresses {
		target := a.Addr()
		family := familyIndex(target)
		host, ok := p.hostFor(target)
		if !ok || served[family] {
			continue
		}
		served[family] = true
		for n := range p.More + 1 {
			list = append(list, Mapping{
				Protocol: p.Protocol, Host: host, HostPort: p.HostPort + n, Target: netip.AddrPortFrom(target, p.ContainerPort+n),
			})
		}
	}
	if len(list) == 0 {
		return nil, &MappingError{p, "the container has no address of the family"}
	}
	return list, nil
}

// hostFor returns the host's end of a mapping to target, and whether there is one.
func (p Port) hostFor(target netip.Addr) (netip.Addr, bool) {
	any4 := netip.IPv4Unspecified()
	switch {
	case !p.HostIP.IsValid(), p.HostIP == any4:
		if target.Is4() {
			return any4, true
		}
		return netip.IPv6Unspecified(), true
	case p.HostIP.Is4() == target.Is4():
		return p.HostIP, true
	}
	return netip.Addr{}, false
}

func familyIndex(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// canonical sorts and drops duplicates.
func (t Translations) canonical() Translations {
	slices.SortFunc(t.Mappings, Mapping.Compare)
	t.Mappings = slices.Compact(t.Mappings)
	t.Masquerade = canonicalPrefixes(t.Masquerade)
	t.Hairpin = canonicalPrefixes(t.Hairpin)
	return t
}

func canonicalPrefixes(list []netip.Prefix) []netip.Prefix {
	slices.SortFunc(list, comparePrefixes)
	return slices.Compact(list)
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// Compare orders mappings by protocol, host address, host port and target.
func (m Mapping) Compare(o Mapping) int {
	return cmp.Or(
		cmp.Compare(m.Protocol, o.Protocol), m.Host.Compare(o.Host),
		cmp.Compare(m.HostPort, o.HostPort), m.Target.Compare(o.Target),
	)
}
