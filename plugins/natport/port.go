package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// defaultRange is that of dynamic ports (RFC 6335, section 6).
var defaultRange = nat.PortRange{First: 49152, Last: 65535}

type rawMapping struct {
	HostPort      int    `json:"hostPort"`
	HostPortEnd   int    `json:"hostPortEnd"`
	ContainerPort int    `json:"containerPort"`
	Protocol      string `json:"protocol"`
	HostIP        string `json:"hostIP"`
	// SourceRanges are new: the clients that may use it.
	SourceRanges []string `json:"sourceRanges"`
}

// mappingKey is the place of a mapping in the config, which only errors need in words.
type mappingKey int

func (k mappingKey) of(name string) string {
	return fmt.Sprintf("runtimeConfig.portMappings[%d].%s", int(k), name)
}

// follows reports whether a mapping is one more of the ports of the one before it, which were found valid.
func (m *rawMapping) follows(before *rawMapping, ports *nat.Port) bool {
	last := int(ports.HostPort) + int(ports.More)
	return ports.HostPort != 0 && m.HostPort == last+1 && m.HostPort <= 65535 && m.HostPortEnd == 0 &&
		m.ContainerPort == int(ports.ContainerPort)+int(ports.More)+1 && m.ContainerPort <= 65535 &&
		m.Protocol == before.Protocol && m.HostIP == before.HostIP && len(m.SourceRanges)+len(before.SourceRanges) == 0
}

// port validates one mapping, which is for packets that are allowed. Nothing of its text goes any further.
func (m *rawMapping) port(key mappingKey, allowed *[2]nat.Allowed) (p nat.Port, err error) {
	if p.Protocol, err = nat.ParseProtocol(m.Protocol); err != nil {
		return p, cni.InvalidConfig(key.of("protocol"), m.Protocol, "must be tcp, udp or sctp")
	}
	if m.HostPort < 0 || m.HostPort > 65535 {
		return p, cni.InvalidConfig(key.of("hostPort"), m.HostPort, "must be 1 to 65535, or 0 for any that is free")
	}
	if m.ContainerPort < 1 || m.ContainerPort > 65535 {
		return p, cni.InvalidConfig(key.of("containerPort"), m.ContainerPort, "must be 1 to 65535")
	}
	p.HostPort, p.ContainerPort = uint16(m.HostPort), uint16(m.ContainerPort)
	if p.More, err = m.more(key); err != nil {
		return p, err
	}
	if p.HostIP, err = m.host(key); err != nil {
		return p, err
	}
	p.Allowed, err = m.allowed(key, allowed)
	return p, err
}

// allowed are those packets that are allowed to any mapping and to this one.
func (m *rawMapping) allowed(key mappingKey, any *[2]nat.Allowed) (both [2]nat.Allowed, err error) {
	if len(m.SourceRanges) == 0 {
		return *any, nil
	}
	sources, err := parsePrefixes(key.of("sourceRanges"), m.SourceRanges)
	for family := range both {
		both[family] = any[family].And(nat.Allowed{From: sources[family], Nobody: len(sources[family]) == 0})
	}
	return both, err
}

// more is how many ports follow the first one.
func (m *rawMapping) more(key mappingKey) (uint16, error) {
	switch last := m.HostPortEnd; {
	case last == 0:
		return 0, nil
	case m.HostPort == 0:
		return 0, cni.InvalidConfig(key.of("hostPortEnd"), last, "needs a hostPort that is not 0")
	case last < m.HostPort || last > 65535:
		return 0, cni.InvalidConfig(key.of("hostPortEnd"), last, "must be hostPort to 65535")
	case m.ContainerPort+last-m.HostPort > 65535:
		return 0, cni.InvalidConfig(key.of("hostPortEnd"), last, "leads to container ports beyond 65535")
	}
	return uint16(m.HostPortEnd - m.HostPort), nil
}

// broadcast is the one such address that is known without the host's own (RFC 919); the kernel takes none for its own.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func (m *rawMapping) host(key mappingKey) (netip.Addr, error) {
	if m.HostIP == "" {
		return netip.Addr{}, nil
	}
	host, err := netip.ParseAddr(m.HostIP)
	if err != nil || host.Zone() != "" {
		return netip.Addr{}, cni.InvalidConfig(key.of("hostIP"), m.HostIP, "is not an IP address")
	}
	if host = host.Unmap(); host.IsMulticast() || host == broadcast {
		return netip.Addr{}, cni.InvalidConfig(key.of("hostIP"), m.HostIP, "is an address of many: a host port is for one of the host's own")
	}
	if host == netip.IPv6Loopback() {
		return netip.Addr{}, cni.InvalidConfig(key.of("hostIP"), m.HostIP, "can't lead elsewhere: the kernel takes answers for it by lo only; use 127.0.0.1")
	}
	return host, nil
}

// parseRange reads "49152-65535".
func parseRange(text string) (nat.PortRange, error) {
	if text == "" {
		return defaultRange, nil
	}
	first, last, _ := strings.Cut(text, "-")
	from, fromErr := strconv.ParseUint(first, 10, 16)
	to, toErr := strconv.ParseUint(last, 10, 16)
	if fromErr != nil || toErr != nil || from == 0 || from > to {
		return nat.PortRange{}, cni.InvalidConfig("hostPortRange", text, "must be two ports, such as 49152-65535")
	}
	return nat.PortRange{First: uint16(from), Last: uint16(to)}, nil
}
