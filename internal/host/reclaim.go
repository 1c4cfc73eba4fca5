package host

import (
	"context"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// pauses says until when a network need not be searched for the dead again.
const pauses state.Table = "reclaim-pauses"

// pause ends at a time of one boot's clock (state.Now), and with the boot.
type pause struct {
	BootID string `json:"bootID"`
	Until  int64  `json:"until"`
}

// restFactor is how many times as long as a search without success the next one waits: a
// full network, asked again and again, spends one part in restFactor of its time on it.
const restFactor = 20

// MakeRoom is Reclaim for a network that is full, and reports whether there is room now. It
// rests after a search without success, in proportion to what that took, so that a large
// network that is full of the living answers at once.
func (h *Host) MakeRoom(ctx context.Context, network string) (bool, error) {
	var rest *pause
	err := h.Store.View(ctx, func(tx *state.Tx) (err error) {
		rest, _, err = state.Get[pause](tx, pauses, attachment.NetworkKey(network))
		return err
	})
	begin := state.Now()
	if err != nil || rest.BootID == h.Store.BootID() && begin < rest.Until {
		return false, err
	}
	released, err := h.Reclaim(ctx, network)
	if err != nil || len(released) > 0 {
		return len(released) > 0, err
	}
	end := state.Now()
	return false, h.Store.Update(ctx, func(tx *state.Tx) error {
		rest := pause{BootID: tx.BootID(), Until: end + restFactor*(end-begin)}
		return state.Put(tx, pauses, attachment.NetworkKey(network), rest)
	})
}
