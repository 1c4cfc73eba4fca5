package host

import (
	"context"
	"errors"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/state"
)

// recorded is the port that a record wants, without its container.
func recorded(a *state.Attachment) links.Port {
	return links.Port{Port: a.Port, HostName: a.HostLink, Mark: a.Owner.Mark(), Bridge: a.Bridge, ContainerName: a.Owner.IfName, MAC: a.MAC}
}

// Differences says in what the link of an attachment is not as ADD made it: on the host, which MendPorts puts right, and in
// the container, as *links.InsideError. It says nothing of a link that another plugin made.
func (h *Host) Differences(a *state.Attachment) (onHost, inside error) {
	if a.HostLink == "" {
		return nil, nil
	}
	p := recorded(a)
	onHost = h.Links.CheckHostEnd(&p)
	ns, err := netns.Open(a.Netns.Path)
	if err != nil || !a.Known() {
		return onHost, nil // that it is gone is told by the host's end
	}
	defer ns.Close()
	if ns.Identity() != a.Netns {
		return onHost, nil
	}
	p.Container = links.In(ns)
	defer p.Container.Close()
	return onHost, p.CheckInside()
}

// MendPorts makes the host's ends of links what ADD made them, and reports whether any differed. Those that are missing,
// those whose record was rebuilt and does not say how they were, and those that another call is at are left alone.
func (h *Host) MendPorts(ctx context.Context) (changed bool, err error) {
	list, err := h.Attachments(ctx, "")
	failed := []error{err}
	for i := range list {
		unlock, ok, err := h.Store.TryLockOwner(list[i].Owner)
		if ok {
			var mended bool
			mended, err = h.mendPort(ctx, list[i].Owner)
			changed = changed || mended
			unlock()
		}
		failed = append(failed, err)
	}
	return changed, errors.Join(failed...)
}

// mendPort goes by the record as it is now: the caller has the owner's lock.
func (h *Host) mendPort(ctx context.Context, owner attachment.Owner) (bool, error) {
	a, known, err := h.record(ctx, owner)
	if err != nil || !known || !a.Known() || h.dead(ctx, a) {
		return false, err
	}
	p := recorded(a)
	there, err := h.Links.HasPort(p.HostName, p.Mark)
	if err != nil || !there || h.Links.CheckHostEnd(&p) == nil {
		return false, err
	}
	p.Hairpin = p.Hairpin || BridgesFiltered() && a.LocalhostVia != ""
	return true, h.Links.MendHostEnd(p)
}
