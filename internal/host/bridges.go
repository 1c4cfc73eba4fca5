package host

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vethbridge/internal/links"
)

// RecordedBridges are the bridges of attachments as their records want them, with the gateways that we gave them; a bridge
// with gateways in several VLANs is there once for each.
func (h *Host) RecordedBridges(ctx context.Context) (list []links.Bridge, err error) {
	records, err := h.Attachments(ctx, "")
	for _, a := range records {
		if a.Bridge == "" {
			continue
		}
		b := links.Bridge{Name: a.Bridge}
		if a.GatewayLink != "" {
			b.VLAN, _ = strconv.Atoi(strings.TrimPrefix(a.GatewayLink, a.Bridge+"."))
		}
		at := slices.IndexFunc(list, func(o links.Bridge) bool { return o.Name == b.Name && o.VLAN == b.VLAN })
		if at < 0 {
			if b.Gateways, err = h.givenGateways(ctx, a.Gateway()); err != nil {
				return nil, err
			}
			at, list = len(list), append(list, b)
		}
		list[at].Promisc = list[at].Promisc || a.Promisc
		list[at].VLANFiltering = list[at].VLANFiltering || a.VLANFiltering
	}
	return list, err
}

// MendBridges gives bridges back what they lack, and reports whether any lacked something. One that is gone stays so: its
// containers have to be made again.
func (h *Host) MendBridges(ctx context.Context) (changed bool, err error) {
	lost, err := h.LostGateways(ctx)
	if err != nil {
		return false, err
	}
	err = h.locked(ctx, func() error {
		list, err := h.RecordedBridges(ctx)
		failed := []error{err}
		for _, b := range list {
			whole := h.Links.CheckBridge(ctx, b) == nil
			for _, l := range lost {
				whole = whole && l.Link != b.GatewayName()
			}
			there, err := h.Links.Has(b.Name)
			if there && !whole {
				changed = true
				err = h.mendBridge(ctx, b)
			}
			failed = append(failed, err)
		}
		return errors.Join(failed...)
	})
	return changed, err
}

func (h *Host) mendBridge(ctx context.Context, b links.Bridge) error {
	if err := h.own(&b); err != nil {
		return err
	}
	b.IPv6 = slices.ContainsFunc(b.Gateways, func(p netip.Prefix) bool { return p.Addr().Is6() }) // for a VLAN's link that is made anew
	if err := h.Links.AnswerNeighbours(b.Name); err != nil {
		return err
	}
	_, err := h.Links.EnsureBridge(ctx, b)
	return err
}
