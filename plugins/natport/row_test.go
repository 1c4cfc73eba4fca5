package main

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// TestPortsThatFollowEachOtherAreOnePortAndTranslateAsEachByItself reads lists forwards, where ports may be taken
// together, and backwards, where none follows another.
func TestPortsThatFollowEachOtherAreOnePortAndTranslateAsEachByItself(t *testing.T) {
	port := func(host, container int) rawMapping {
		return rawMapping{HostPort: host, ContainerPort: container, Protocol: "tcp"}
	}
	with := func(m rawMapping, change func(*rawMapping)) rawMapping {
		change(&m)
		return m
	}
	sources := func(m *rawMapping) { m.SourceRanges = []string{"192.0.2.0/24"} }
	for _, c := range []struct {
		name  string
		list  []rawMapping
		ports int
	}{
		{"in a row", []rawMapping{port(8000, 80), port(8001, 81), port(8002, 82)}, 1},
		{"to one", []rawMapping{port(8000, 80), port(8001, 80)}, 2},
		{"here and there", []rawMapping{port(8000, 80), port(8002, 82)}, 2},
		{"behind a range", []rawMapping{with(port(8000, 80), func(m *rawMapping) { m.HostPortEnd = 8009 }), port(8010, 90)}, 1},
		{"a range behind", []rawMapping{port(8000, 80), with(port(8001, 81), func(m *rawMapping) { m.HostPortEnd = 8009 })}, 2},
		{"of other protocols", []rawMapping{port(8000, 80), with(port(8001, 81), func(m *rawMapping) { m.Protocol = "udp" })}, 2},
		{"of other addresses", []rawMapping{port(8000, 80), with(port(8001, 81), func(m *rawMapping) { m.HostIP = "192.0.2.1" })}, 2},
		{"for others", []rawMapping{port(8000, 80), with(port(8001, 81), sources)}, 2},
		{"behind one for others", []rawMapping{with(port(8000, 80), sources), port(8001, 81)}, 2},
		{"the same again", []rawMapping{port(8000, 80), port(8001, 81), port(8000, 80)}, 2},
	} {
		forwards, got := translated(t, c.list)
		slices.Reverse(c.list)
		_, want := translated(t, c.list)
		if len(forwards) != c.ports || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d ports, want %d; %v, want %v", c.name, len(forwards), c.ports, got, want)
		}
	}
}

// TestAPortBehindTheLastOneIsRefused has it follow one that is valid.
func TestAPortBehindTheLastOneIsRefused(t *testing.T) {
	for _, list := range []string{
		`[{"hostPort":65535,"containerPort":80},{"hostPort":65536,"containerPort":81}]`,
		`[{"hostPort":80,"containerPort":65535},{"hostPort":81,"containerPort":65536}]`,
		`[{"hostPort":0,"containerPort":80},{"hostPort":1,"containerPort":81}]`, // chosen, and not in a row
	} {
		cfg, err := decodeConfig(&cni.Request{Config: []byte(`{"runtimeConfig":{"portMappings":` + list + `}}`)})
		if err == nil && len(cfg.Ports) != 2 {
			t.Errorf("%s is taken for %v", list, cfg.Ports)
		}
	}
}

// translated returns the ports that a list is read as, and each port's mapping that follows from them.
func translated(t *testing.T, list []rawMapping) ([]nat.Port, []string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"runtimeConfig": map[string]any{"portMappings": list}})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := decodeConfig(&cni.Request{Config: text})
	if err != nil {
		t.Fatal(err)
	}
	all, err := nat.Translate(nat.Request{Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24")}, Ports: cfg.Ports})
	if err != nil {
		t.Fatal(err)
	}
	var singles []string
	for _, m := range all.Mappings {
		for _, one := range m.Singles() {
			singles = append(singles, one.String())
		}
	}
	return cfg.Ports, singles
}
