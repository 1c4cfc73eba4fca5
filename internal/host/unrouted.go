package host

import (
	"context"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

// forwardings are what stands for the forwarding of each family, what turns it on, and the set
// of the links that the host does not route between while it is on because of us.
var forwardings = [...]struct {
	object   shared.Object
	on       sysctlValue
	unrouted fence.Set
}{
	{Forwarding4, forward4, fence.Unrouted4},
	{Forwarding6, forward6, fence.Unrouted6},
}

// Unrouted lists the links that the host must not route between only because an attachment
// makes it forward: those that were there when forwarding was off, but for the ones in except.
// There are none where someone else has turned it on. Links that come later, those of
// other container software among them, are not meant.
func (h *Host) Unrouted(ctx context.Context, except ...string) ([]fence.Element, error) {
	var held []fence.Element
	ours := map[shared.Object]bool{} // forwarding that we have turned on
	err := h.Store.View(ctx, func(tx *state.Tx) (err error) {
		if held, err = fence.OfHost(tx); err != nil {
			return err
		}
		for _, f := range forwardings {
			settings, err := f.object.Settings(tx)
			if err != nil {
				return err
			}
			ours[f.object] = len(settings) > 0
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := held
	for _, f := range forwardings {
		if slices.ContainsFunc(held, func(e fence.Element) bool { return e.Set == f.unrouted }) {
			continue
		}
		on, err := allSet([]sysctlValue{f.on})
		if err != nil || on && !ours[f.object] {
			continue // a host without the family has nothing to forward
		}
		names, err := h.Links.Others(attachment.MarkPrefix, except)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			list = append(list, fence.Element{Set: f.unrouted, Link: name})
		}
	}
	return list, nil
}
