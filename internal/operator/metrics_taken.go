package operator

import "context"

// taken is what tells a port that nobody asks for from one whose clients get lost behind it.
func taken(ctx context.Context, s *session, rows []*row) ([]*gauge, error) {
	g := newGauge("mapping_connections_total", "Connections that a published port has led to its attachment since the kernel has it.")
	counts, err := s.host.NAT.Count(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for i := range r.mappings {
			m := &r.mappings[i]
			if n, counted := counts.Of(m); counted {
				g.add(n, "network", r.Network, "container", r.Container, "mapping", m.String())
			}
		}
	}
	return []*gauge{g}, nil
}
