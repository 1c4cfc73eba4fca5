package host

import (
	"context"
	"math"
	"strconv"

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
	count, err := sysctl.Get(trackedConnections)
	if len(mappings) == 0 || err == nil && count == "0" {
		return nil
	}
	tracked, err := strconv.Atoi(count)
	if err != nil {
		tracked = math.MaxInt // it can't be read: nothing is assumed
	}
	if err := conntrack.Drop(mappings, tracked); err != nil {
		h.Log.WarnContext(ctx, "stale connections may go on", "err", err)
	}
	return nil
}
