package main

import (
	"net/netip"
	"regexp"
	"testing"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// FuzzAcceptedConfigsBecomeValuesOfTheirTypes shows that whatever config is accepted, nothing of
// its text gets any further than to values that backends have a fixed grammar for: protocols,
// addresses, prefixes, ports, and names of links and chains.
func FuzzAcceptedConfigsBecomeValuesOfTheirTypes(f *testing.F) {
	for _, seed := range []string{
		`{"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"TCP","hostIP":"192.0.2.1"}]}}`,
		`{"runtimeConfig":{"portMappings":[{"HostPort":5000,"hostPortEnd":5010,"containerPort":5000,"sourceRanges":["192.0.2.0/25"]}]}}`,
		`{"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":1,"protocol":"tcp; drop"}]}}`,
		`{"conditionsV4":["!","-s","192.0.2.0/24"],"hostInterfaces":["eth+"],"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":1}]}}`,
		`{"conditionsV6":["ip6 daddr 2001:db8::1 iifname eth0"],"strictHostIP":true,"masqAll":true,"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":1}]}}`,
		`{"externalSetMarkChain":"KUBE-MARK-MASQ","hostAddresses":["::1","::ffff:192.0.2.1"],"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":1,"hostIP":"::"}]}}`,
		`{"markMasqBit":31,"snatTo":["192.0.2.7"],"ipMasq":true,"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":1,"hostIP":"fe80::1%eth0"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	addresses := []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24"), netip.MustParsePrefix("fd01::2/64")}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := decodeConfig(&cni.Request{Config: text})
		if err != nil || tooMany(cfg.Ports) {
			return
		}
		for i := range cfg.Ports {
			cfg.Ports[i].HostPort = max(cfg.Ports[i].HostPort, 1) // 0 is chosen later
		}
		got, err := nat.Translate(nat.Request{
			Addresses: addresses, Ports: cfg.Ports, Leave: cfg.Leave, Hairpin: cfg.SNAT, Mark: cfg.Mark, HideClients: cfg.HideClients,
		})
		if err != nil {
			return
		}
		for _, m := range got.Mappings {
			wellFormed(t, m, addresses)
		}
		for _, n := range got.Networks {
			if n.Mark.Chain != "" && !chainName.MatchString(n.Mark.Chain) || n.Mark.Mask&(n.Mark.Mask-1) != 0 {
				t.Errorf("%s: its mark is no bit and no chain", n)
			}
			if n.Treatment == nat.SNAT && (!n.To.IsValid() || n.To.Zone() != "" || n.To.Is4() != n.Prefix.Addr().Is4()) {
				t.Errorf("%s: there is no such address", n)
			}
		}
	})
}

// tooMany keeps the fuzzer from measuring how long a million mappings take.
func tooMany(ports []nat.Port) bool {
	n := 0
	for _, p := range ports {
		n += int(p.More) + 1
	}
	return n > 2000
}

var (
	chainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,27}$`)
	linkName  = regexp.MustCompile(`^$|^[A-Za-z0-9_.:@][A-Za-z0-9_.:@-]{0,14}\+?$|^\+$`)
)

func wellFormed(t *testing.T, m nat.Mapping, addresses []netip.Prefix) {
	t.Helper()
	protocol := m.Protocol == nat.TCP || m.Protocol == nat.UDP || m.Protocol == nat.SCTP
	target := m.Target.Addr() == addresses[0].Addr() || m.Target.Addr() == addresses[1].Addr()
	host := m.Host.IsValid() && !m.Host.Is4In6() && m.Host.Zone() == "" && m.Host.Is4() == m.Target.Addr().Is4()
	ports := m.HostPort > 0 && m.Target.Port() > 0 && m.Last() >= m.HostPort && (m.More == 0 || m.HostPort == m.Target.Port())
	if !protocol || !target || !host || !ports || !linkName.MatchString(m.Limit.Via) || m.More > 0 && m.Limit.Via != "" {
		t.Errorf("%s (protocol %t, target %t, host %t, ports %t)", m, protocol, target, host, ports)
	}
	for _, p := range []netip.Prefix{m.Limit.From, m.Limit.To} {
		if p.IsValid() && (p != p.Masked() || p.Addr().Is4() != m.Host.Is4() || p.Addr().Is4In6()) {
			t.Errorf("%s: %s is no prefix of its family", m, p)
		}
	}
}
