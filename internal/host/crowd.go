package host

import (
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

// crowd is the number of attachments from which on an instance of procfs takes less time to make than it
// saves (docs/performance-notes.md, "What grows beside thousands").
const crowd = 200

// AvoidCrowd has the process look up sysctls apart from those of other namespaces, if the book says that there are many.
func (h *Host) AvoidCrowd(tx *state.Tx) {
	if tx.Count() >= crowd {
		sysctl.Apart(func(err error) { h.Log.Debug("looking up sysctls takes longer with each namespace", "err", err) })
	}
}
