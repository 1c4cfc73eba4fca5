package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Protocol is a transport protocol whose ports can be published; its value is the IP
// protocol number (IANA Protocol Numbers). The zero Protocol is invalid.
type Protocol uint8

// The protocols that can be published.
const (
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

// ParseProtocol returns the protocol named s, in any letter case. An empty name is TCP,
// as in the reference portmap plugin.
func ParseProtocol(s string) (Protocol, error) {
	switch strings.ToLower(s) {
	case "", "tcp":
		return TCP, nil
	case "udp":
		return UDP, nil
	case "sctp":
		return SCTP, nil
	}
	return 0, fmt.Errorf("protocol %q is not one of tcp, udp, sctp", s)
}

// String returns the protocol's name in lower case.
func (p Protocol) String() string {
	switch p {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case SCTP:
		return "sctp"
	}
	return fmt.Sprintf("protocol(%d)", uint8(p))
}

// MarshalText writes the protocol's name.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a protocol's name, as ParseProtocol.
func (p *Protocol) UnmarshalText(text []byte) (err error) {
	*p, err = ParseProtocol(string(text))
	return err
}

// Mapping publishes a host port: a connection to Host port HostPort goes to Target.
type Mapping struct {
	Protocol Protocol `json:"protocol"`
	// Host is an address of the host, or the unspecified address of Target's family
	// (0.0.0.0, ::) for all of them. It is never invalid and never v4-in-v6.
	Host     netip.Addr `json:"host"`
	HostPort uint16     `json:"hostPort"`
	// Target is the container's address and port, of the same family as Host.
	Target netip.AddrPort `json:"target"`
	// More is how many host ports follow HostPort, each of which leads to the next port of Target.
	More uint16 `json:"more,omitempty"`
	// Limit is who may use it. A host port may lead to its target by several mappings, each
	// with another limit.
	Limit Limit `json:"limit,omitzero"`
}

// String returns "tcp 0.0.0.0:8080 -> 10.1.0.2:80" or "udp 0.0.0.0:5000-5999 -> 10.1.0.2:6000-6999",
// and the limit if there is one.
func (m Mapping) String() string {
	from, to := netip.AddrPortFrom(m.Host, m.HostPort).String(), m.Target.String()
	if m.More > 0 {
		from, to = fmt.Sprintf("%s-%d", from, m.Last()), fmt.Sprintf("%s-%d", to, m.Target.Port()+m.More)
	}
	return fmt.Sprintf("%s %s -> %s%s", m.Protocol, from, to, m.Limit)
}

// Last is the last of the host ports.
func (m *Mapping) Last() uint16 { return m.HostPort + m.More }

// Has reports whether port is one of the host ports.
func (m *Mapping) Has(port uint16) bool { return m.HostPort <= port && port <= m.Last() }

// HostEnd is the host's end of a mapping: what it is looked up by.
type HostEnd struct {
	Protocol    Protocol
	Host        netip.Addr
	First, Last uint16
	Limit       Limit
}

// HostEnd returns the host's end.
func (m *Mapping) HostEnd() HostEnd {
	return HostEnd{m.Protocol, m.Host, m.HostPort, m.Last(), m.Limit}
}

// meets reports whether both are for a port of the same address, whoever may use it.
func (m *Mapping) meets(o *Mapping) bool {
	return m.Protocol == o.Protocol && m.Host.Is4() == o.Host.Is4() && clash(m.Host, o.Host) &&
		m.HostPort <= o.Last() && o.HostPort <= m.Last()
}

// FromLocalhost reports whether clients on the host's 127.0.0.1 are led to the target.
func (m *Mapping) FromLocalhost() bool {
	loopback := netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8)
	return m.Host.Is4() && (m.Host.IsUnspecified() || m.Host.IsLoopback()) &&
		overlap(m.Limit.To, loopback) && overlap(m.Limit.From, loopback) && sameLink(m.Limit.Via, "lo")
}

// Translations is all that one part of an attachment needs. The zero value is nothing.
type Translations struct {
	// Mappings are the published ports.
	Mappings []Mapping `json:"mappings,omitempty"`
	// Networks are those of the attachment, with what happens to their packets.
	Networks []Network `json:"networks,omitempty"`
}

// Empty reports whether there is nothing to translate.
func (t Translations) Empty() bool { return len(t.Mappings) == 0 && len(t.Networks) == 0 }

// equal reports whether both say the same, be it by a range or by each of its ports.
func (t Translations) equal(o Translations) bool {
	if !slices.Equal(t.Networks, o.Networks) || countPorts(t.Mappings) != countPorts(o.Mappings) {
		return false
	}
	return slices.Equal(t.Mappings, o.Mappings) || slices.Equal(singles(t.Mappings), singles(o.Mappings))
}
