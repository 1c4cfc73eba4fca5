package host

import (
	"context"
	"math"
	"net/netip"
	"strconv"

	"vethbridge/internal/nlsocket"
	"vethbridge/internal/sysctl"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/conntrack"
)

// trackedConnections is the number of tracked connections of this network namespace
// (Documentation/networking/nf_conntrack-sysctl.rst).
const trackedConnections = "net/netfilter/nf_conntrack_count"

// DropConnections ends the tracked connections to the host's end of mappings that come, so
// that no packet goes on where there was another translation or none. A failure is only a
// warning: the mappings themselves are in place.
func (h *Host) DropConnections(ctx context.Context, mappings []nat.Mapping) {
	h.drop(ctx, len(mappings), func(s *nlsocket.Socket, tracked int) error { return conntrack.Drop(s, mappings, tracked) })
}

// dropLed ends those that mappings that are gone have led to their targets.
func (h *Host) dropLed(ctx context.Context, mappings []nat.Mapping) {
	h.drop(ctx, len(mappings), func(s *nlsocket.Socket, tracked int) error { return conntrack.DropLed(s, mappings, tracked) })
}

// dropConnectionsOf ends those that addresses have, so that their next holder gets nothing of them.
func (h *Host) dropConnectionsOf(ctx context.Context, addresses []netip.Addr) {
	h.drop(ctx, len(addresses), func(s *nlsocket.Socket, tracked int) error { return conntrack.DropOf(s, addresses, tracked) })
}

// drop searches for what so many mappings or addresses have, unless that can be nothing.
func (h *Host) drop(ctx context.Context, of int, search func(s *nlsocket.Socket, tracked int) error) {
	if of == 0 {
		return
	}
	tracked := countTracked()
	if tracked == 0 {
		return
	}
	if err := h.rules.With(func(s *nlsocket.Socket) error { return search(s, tracked) }); err != nil {
		h.Log.WarnContext(ctx, "stale connections may go on", "err", err)
	}
}

// countTracked is how many connections are tracked. A search walks the hash table of all namespaces,
// so it pays to know that there is nothing to be found.
func countTracked() int {
	count, err := sysctl.Get(trackedConnections)
	if err != nil {
		return math.MaxInt // nothing is assumed
	}
	tracked, err := strconv.Atoi(count)
	if err != nil {
		return math.MaxInt
	}
	return tracked
}
