package nat

import (
	"context"
	"maps"

	"vethbridge/internal/failure"
)

// Counts are how many connections the mappings have led to their targets, by the host's ends of the pieces in
// which a backend holds them.
type Counts map[HostEnd]uint64

// Of returns the connections by a mapping; ok is false if the kernel does not count them.
func (c Counts) Of(m *Mapping) (connections uint64, ok bool) {
	if n, ok := c[m.HostEnd()]; ok {
		return n, true
	}
	singles := m.Singles()
	for i := range singles {
		n, counted := c[singles[i].HostEnd()]
		connections, ok = connections+n, ok || counted
	}
	return connections, ok
}

// Count reads what all backends have counted.
func (k Keeper) Count(ctx context.Context) (Counts, error) {
	all := Counts{}
	for kind, b := range k.Backends {
		there, err := b.Ready()
		if err != nil || !there {
			continue // one that can't be asked holds nothing of ours
		}
		counts, err := b.Count(ctx)
		if err != nil {
			return nil, failure.To("count connections of "+kind.String(), err)
		}
		maps.Copy(all, counts)
	}
	return all, nil
}
