package host

import (
	"context"

	"vethbridge/internal/sysctl"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/conntrack"
)

// trackedConnections is the number of tracked connections of this network namespace
// (Documentation/networking/nf_conntrack-sysctl.rst).
const trackedConnections = "net/netfilter/nf_conntrack_count"

// DropConnections ends the tracked connections to the host's end of mappings that come or
// go, so that no packet follows a translation that is none any more. A failure is only a
// warning: the mappings themselves are in place.
func (h *Host) DropConnections(ctx context.Context, mappings []nat.Mapping) error {
	// A search walks the hash table of all namespaces, so it pays to know that there is
	// nothing to be found.
	if count, err := sysctl.Get(trackedConnections); len(mappings) == 0 || err == nil && count == "0" {
		return nil
	}
	if err := conntrack.Drop(mappings); err != nil {
		h.Log.WarnContext(ctx, "stale connections may go on", "err", err)
	}
	return nil
}
