package host

import (
	"context"

	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/conntrack"
)

// DropConnections ends the tracked connections to the host's end of mappings that come or
// go, so that no packet follows a translation that is none any more. A failure is only a
// warning: the mappings themselves are in place.
func (h *Host) DropConnections(ctx context.Context, mappings []nat.Mapping) error {
	if len(mappings) == 0 {
		return nil
	}
	if err := conntrack.Drop(mappings); err != nil {
		h.Log.WarnContext(ctx, "stale connections may go on", "err", err)
	}
	return nil
}
