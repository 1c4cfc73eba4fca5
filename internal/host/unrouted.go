package host

import (
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

type forwarding struct {
	object   shared.Object
	on       sysctlValue
	unrouted fence.Set
}

// forwardings are what stands for the forwarding of each family, what turns it on, and the set
// of the links that the host does not route between while it is on because of us.
var forwardings = [...]forwarding{
	{Forwarding4, forward4, fence.Unrouted4},
	{Forwarding6, forward6, fence.Unrouted6},
}

// Unrouted lists, for the families, the links that the host must not route between only because
// an attachment makes it forward: those that were there when forwarding was off, but for the
// ones in except. There are none where someone else has turned it on. Links that come later,
// those of other container software among them, are not meant. The first attachment's list,
// for which it asks the kernel, is that of all others.
func (h *Host) Unrouted(tx *state.Tx, families Families, except ...string) ([]fence.Element, error) {
	var list []fence.Element
	for _, f := range forwardings {
		if !slices.Contains(families.Objects(), f.object) {
			continue
		}
		of := fence.OfHost(tx, f.unrouted)
		if len(of) == 0 {
			var err error
			if of, err = h.firstUnrouted(tx, f, except); err != nil {
				return nil, err
			}
		}
		list = append(list, of...)
	}
	return list, nil
}

func (h *Host) firstUnrouted(tx *state.Tx, f forwarding, except []string) ([]fence.Element, error) {
	ours, err := f.object.Settings(tx)
	if err != nil {
		return nil, err
	}
	on, err := h.isSet(f.on)
	if err != nil || on && len(ours) == 0 {
		return nil, nil // a host without the family has nothing to forward
	}
	names, err := h.Links.Others(attachment.MarkPrefix, except)
	var list []fence.Element
	for _, name := range names {
		list = append(list, fence.Element{Set: f.unrouted, Link: name})
	}
	return list, err
}
