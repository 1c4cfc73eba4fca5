package nat

import (
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
	// Allowed says which packets it is for, of IPv4 and of IPv6.
	Allowed [2]Allowed
}

// String returns "tcp 192.0.2.1:8080", or "tcp any:8000-8010".
func (p Port) String() string {
	host := "any"
	if p.HostIP.IsValid() {
		host = p.HostIP.String()
	}
	if p.HostIP.Is6() {
		host = "[" + host + "]"
	}
	if p.More > 0 {
		return fmt.Sprintf("%s %s:%d-%d", p.Protocol, host, p.HostPort, p.HostPort+p.More)
	}
	return fmt.Sprintf("%s %s:%d", p.Protocol, host, p.HostPort)
}

// Leave is how traffic to elsewhere leaves. The zero Leave is: as it is.
type Leave struct {
	Masquerade bool
	Random     bool         // with a port chosen at random
	To         []netip.Addr // one of a family, instead of an address that the kernel chooses
	// Direct is where traffic leaves as it is nevertheless.
	Direct []netip.Prefix
}

// Request is what translations follow from.
type Request struct {
	Addresses []netip.Prefix // of the container, each with its network's length
	Ports     []Port
	Leave     Leave
	// Hairpin says that clients on the container's own network get through published ports too;
	// Mark is how they are remembered.
	Hairpin     bool
	Mark        Mark
	HideClients bool // every client of a published port appears as the host
}

// Translate decides which translations an attachment needs. It is a pure function with a
// canonical result: order and duplicates in the request make no difference.
//
// Each family is served by the container's first address of it. A port without HostIP, or
// with the unspecified IPv4 address (which runtimes write for "any"), serves every family
// that the container has; one with another HostIP serves that address's family. A port
// that can serve no family is a *MappingError.
func Translate(r Request) (Translations, error) {
	t := Translations{Mappings: make([]Mapping, 0, len(r.Ports)*len(r.Addresses))}
	for i := range r.Ports {
		if err := r.Ports[i].check(); err != nil {
			return Translations{}, err
		}
		before := len(t.Mappings)
		if t.Mappings = r.Ports[i].appendTo(t.Mappings, r.Addresses); len(t.Mappings) == before {
			return Translations{}, &MappingError{r.Ports[i], "the container has no address of a family that it is for"}
		}
	}
	for _, a := range r.Addresses {
		t.Networks = append(t.Networks, r.networks(a.Masked())...)
	}
	t.Mappings = disjoint(folded(t.canonical().Mappings))
	return t.canonical(), nil
}

func (r Request) networks(p netip.Prefix) (list []Network) {
	list = r.Leave.networks(p)
	if len(r.Ports) == 0 {
		return list
	}
	if r.Hairpin {
		list = append(list, Network{Prefix: p, Treatment: Hairpin, Mark: r.Mark})
	}
	if r.HideClients {
		list = append(list, Network{Prefix: p, Treatment: HideClients})
	}
	return list
}

// Translations are those of an attachment that publishes no port.
func (l Leave) Translations(addresses []netip.Prefix) (t Translations) {
	for _, a := range addresses {
		t.Networks = append(t.Networks, l.networks(a.Masked())...)
	}
	return t.canonical()
}

func (l Leave) networks(p netip.Prefix) (list []Network) {
	if !l.Masquerade {
		return nil
	}
	for _, dst := range l.Direct {
		if dst.Addr().Is4() == p.Addr().Is4() {
			list = append(list, Network{Prefix: p, Treatment: Direct, Dst: dst.Masked()})
		}
	}
	return append(list, l.network(p))
}

func (l Leave) network(p netip.Prefix) Network {
	for _, a := range l.To {
		if a.Is4() == p.Addr().Is4() {
			return Network{Prefix: p, Treatment: SNAT, To: a}
		}
	}
	if l.Random {
		return Network{Prefix: p, Treatment: MasqueradeRandom}
	}
	return Network{Prefix: p, Treatment: Masquerade}
}

func (p *Port) check() error {
	if p.ContainerPort == 0 {
		return &MappingError{*p, "the container has no port 0"}
	}
	if int(max(p.HostPort, p.ContainerPort))+int(p.More) > math.MaxUint16 {
		return &MappingError{*p, "the range goes beyond port 65535"}
	}
	return nil
}

// appendTo appends the mappings to the container's first address of each family.
func (p *Port) appendTo(list []Mapping, addresses []netip.Prefix) []Mapping {
	var served [2]bool
	for _, a := range addresses {
		family := familyIndex(a.Addr())
		if served[family] {
			continue
		}
		served[family] = true
		list = p.leadingTo(a.Addr(), list)
	}
	return list
}

// leadingTo appends the mappings to a container's address, one for each client's network, address of the
// host and link that the port is limited to: none if it is not for the address's family.
func (p *Port) leadingTo(target netip.Addr, list []Mapping) []Mapping {
	host, ok := p.hostFor(target)
	if !ok {
		return list
	}
	for _, limit := range p.Allowed[familyIndex(target)].limits() {
		end, ok := hostEnd{host, limit}.settled()
		if !ok {
			continue
		}
		list = append(list, Mapping{
			Protocol: p.Protocol, Host: end.host, HostPort: p.HostPort,
			Target: netip.AddrPortFrom(target, p.ContainerPort), More: p.More, Limit: end.limit,
		})
	}
	return list
}

type hostEnd struct {
	host  netip.Addr
	limit Limit
}

// settled makes one address of the host the mapping's own, so that others stay free. It
// reports false if the mapping is for an address that does not count.
func (e hostEnd) settled() (hostEnd, bool) {
	to := e.limit.To
	switch {
	case !to.IsValid():
		return e, true
	case !e.host.IsUnspecified():
		e.limit.To = netip.Prefix{}
		return e, to.Contains(e.host)
	case to.IsSingleIP():
		return hostEnd{to.Addr(), Limit{From: e.limit.From, Via: e.limit.Via, Match: e.limit.Match}}, true
	}
	return e, true
}

// hostFor returns the host's end of a mapping to target, and whether there is one.
func (p *Port) hostFor(target netip.Addr) (netip.Addr, bool) {
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
	SortMappings(t.Mappings)
	t.Mappings = slices.Compact(t.Mappings)
	t.Networks = canonicalNetworks(t.Networks)
	return t
}
