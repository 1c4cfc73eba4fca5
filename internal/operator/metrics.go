package operator

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/release"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// measurement is one kind of metrics.
type measurement func(context.Context, *session, []*row) ([]*gauge, error)

// metrics prints all that can be measured, or nothing.
func metrics(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, measure := range []measurement{build, addresses, attached, published, taken, drift, bridgePorts, lastOperations} {
		gauges, err := measure(ctx, s, rows)
		if err != nil {
			return err
		}
		for _, g := range gauges {
			g.writeTo(&text)
		}
	}
	if s.output != "" {
		return replaceFile(s.output, text.String())
	}
	_, err = fmt.Fprint(s.out, text.String())
	return err
}

func build(context.Context, *session, []*row) ([]*gauge, error) {
	g := newGauge("build_info", "Which release this is; always 1.")
	g.add(1, "release", release.Name())
	return []*gauge{g}, nil
}

// replaceFile lets no reader see half of a text. Metrics are read by others than root.
func replaceFile(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone by then if all went well
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

func addresses(ctx context.Context, s *session, _ []*row) ([]*gauge, error) {
	all := newGauge("addresses", "Addresses that a range set can give.")
	used := newGauge("addresses_used", "Addresses of a range set that attachments hold.")
	free := newGauge("addresses_free", "Addresses of a range set that are left.")
	err := s.host.Store.View(ctx, func(tx *state.Tx) error {
		networks, err := s.rangeSets(tx)
		for _, name := range slices.Sorted(maps.Keys(networks)) {
			sets := networks[name]
			usages, err := ipam.Usages(tx, name, sets)
			if err != nil {
				return err
			}
			for i, u := range usages {
				labels := []string{"network", name, "range_set", strconv.Itoa(i), "subnets", subnets(sets[i])}
				all.add(u.Size, labels...)
				used.add(u.Used, labels...)
				free.add(u.Free(), labels...)
			}
		}
		return err
	})
	return []*gauge{all, used, free}, err
}

// rangeSets are those of the configs at hand, and of other networks the ranges that the state
// file knows, each a set of its own.
func (s *session) rangeSets(tx *state.Tx) (map[string][]ipam.RangeSet, error) {
	recorded, err := ipam.RecordedRanges(tx)
	if err != nil {
		return nil, err
	}
	known := map[string][]ipam.RangeSet{}
	for name, ranges := range recorded {
		for _, r := range ranges {
			known[name] = append(known[name], ipam.RangeSet{r})
		}
	}
	for _, file := range s.configs() {
		name, config, err := readNetwork(file)
		if err != nil && s.config != "" {
			return nil, err
		}
		if err == nil && len(config.Sets) > 0 { // others are of another plugin, or layer 2 only
			known[name] = config.Sets
		}
	}
	for name := range known {
		if s.network != "" && s.network != name {
			delete(known, name)
		}
	}
	return known, nil
}

func subnets(set ipam.RangeSet) string {
	var names []string
	for _, r := range set {
		names = append(names, r.Subnet.String())
	}
	return strings.Join(slices.Compact(names), ",")
}

func attached(_ context.Context, _ *session, rows []*row) ([]*gauge, error) {
	g := newGauge("attachments", "Attachments in the state file; dead ones are released when needed.")
	counts := map[[2]string]uint64{}
	var names []string
	for _, r := range rows {
		counts[[2]string{r.Network, r.State}]++
		names = append(names, r.Network)
	}
	for _, name := range distinct(names) {
		for _, life := range []host.Liveness{host.Alive, host.Dead, host.Unknown} {
			g.add(counts[[2]string{name, life.String()}], "network", name, "state", life.String())
		}
	}
	return []*gauge{g}, nil
}

func published(_ context.Context, _ *session, rows []*row) ([]*gauge, error) {
	g := newGauge("published_ports", "Host ports that lead to attachments; one that serves both families counts in both.")
	type family struct {
		protocol nat.Protocol
		v6       bool
	}
	type port struct {
		protocol nat.Protocol
		at       netip.AddrPort
	}
	ports := map[port]bool{} // several mappings, each with a limit of its own, may lead from one
	for _, r := range rows {
		for i := range r.mappings {
			m := &r.mappings[i]
			for n := range int(m.More) + 1 {
				ports[port{m.Protocol, netip.AddrPortFrom(m.Host, m.HostPort+uint16(n))}] = true
			}
		}
	}
	counts := map[family]uint64{}
	for p := range ports {
		counts[family{p.protocol, p.at.Addr().Is6()}]++
	}
	for _, p := range []nat.Protocol{nat.TCP, nat.UDP, nat.SCTP} {
		g.add(counts[family{p, false}], "protocol", p.String(), "family", "ipv4")
		g.add(counts[family{p, true}], "protocol", p.String(), "family", "ipv6")
	}
	return []*gauge{g}, nil
}

func drift(ctx context.Context, s *session, _ []*row) ([]*gauge, error) {
	g := newGauge("drift", "Differences between the kernel and the state file, as \"vethbridge check\" lists them.")
	for _, part := range []struct {
		name    string
		compare func(context.Context) error
	}{{"translations", s.translations}, {"fence", s.host.Fence.VerifyAll}, {"links", s.checkLinks}, {"firewalls", s.checkFirewalls}} {
		differences, err := count(part.compare(ctx))
		if err != nil {
			return nil, err
		}
		g.add(differences, "of", part.name)
	}
	return []*gauge{g}, nil
}

// count tells a kernel that differs from one that can't be read.
func count(found error) (uint64, error) {
	list := messages(found)
	for _, m := range list {
		if !strings.HasPrefix(m, "check ") {
			return 0, found
		}
	}
	return uint64(len(list)), nil
}

func bridgePorts(_ context.Context, s *session, rows []*row) ([]*gauge, error) {
	ports := newGauge("bridge_ports", "Ports that a bridge has.")
	limit := newGauge("bridge_ports_limit", "Ports that a bridge can have.")
	var names []string
	for _, r := range rows {
		names = append(names, r.Bridge)
	}
	for _, name := range distinct(names) {
		count, err := s.host.Links.CountPorts(name)
		if err != nil {
			return nil, err
		}
		ports.add(uint64(count), "bridge", name)
		limit.add(links.MaxPorts, "bridge", name)
	}
	return []*gauge{ports, limit}, nil
}

// distinct returns the names that are not empty, sorted, each once.
func distinct(names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}
