package host

import (
	"context"
	"errors"

	"vethbridge/internal/links"
	"vethbridge/internal/state"
)

// moveIn makes the link a port of the bridge and has the bridge take over what it holds. It
// repeats what is done already without harm. At every moment the host has its addresses,
// and routes by a link that the LAN hears: what a port of a bridge sends by itself still
// goes out, only what comes in is the bridge's.
func (h *Host) moveIn(ctx context.Context, name string, r *uplinkRecord) error {
	link, bridge, err := h.uplinkEnds(name, r.Bridge)
	if err != nil {
		return err
	}
	if !r.Moved {
		return h.Links.Enslave(link, bridge.Link)
	}
	return inTurn(
		func() error { return h.hearAdvertisements(ctx, name, r) },
		func() error { return h.Links.SetMAC(bridge.Link, link.MAC) },
		func() error { return h.Links.AddLinkLocal(bridge.Link, r.LinkLocal) },
		func() error { return h.Links.AddAddresses(bridge.Link, r.Held.Addresses) },
		func() error { return h.Links.Enslave(link, bridge.Link) },
		func() error { return h.Links.AddRoutes(bridge.Link, r.Held.Routes) },
		func() error { return h.Links.DropRoutes(link.Link, r.Held.Routes) },
		func() error { return h.Links.DropAddresses(link.Link, r.Held.Addresses) },
	)
}

// restoreUplink makes a link what it was before its first user, from whatever moveIn came
// to. The caller holds the kernel lock and has seen that nobody else uses it.
func (h *Host) restoreUplink(ctx context.Context, name string) error {
	r, known, err := h.knownUplink(ctx, name)
	if err != nil {
		return err
	}
	if known {
		if err := h.restoreSettings(ctx, UplinkObject(name)); err != nil {
			return err
		}
		if err := h.moveOut(ctx, r); err != nil {
			return err
		}
	}
	return h.Store.Update(ctx, func(tx *state.Tx) error { return state.Delete(tx, uplinks, []byte(name)) })
}

// moveOut is moveIn backwards.
func (h *Host) moveOut(ctx context.Context, r *uplinkRecord) error {
	link, _, err := h.Links.UplinkByIndex(r.Index)
	if err != nil {
		return err
	}
	bridge, err := h.Links.Uplink(r.Bridge)
	var missing *links.UplinkMissingError
	if errors.As(err, &missing) { // and its addresses and routes with it
		return inTurn(
			func() error { return h.Links.AddAddresses(link.Link, r.Held.Addresses) },
			func() error { return h.Links.AddRoutes(link.Link, r.Held.Routes) },
		)
	}
	if err != nil {
		return err
	}
	if !r.Moved {
		return h.Links.Free(link, bridge.Link, r.WasUp)
	}
	addresses, err := h.Links.Lasting(r.Held.Addresses, bridge.Link, link.Link)
	if err != nil {
		return err
	}
	return inTurn(
		func() error { return h.Links.AddAddresses(link.Link, addresses) },
		func() error { return h.Links.AddRoutes(link.Link, r.Held.Routes) },
		func() error { return h.Links.DropRoutes(bridge.Link, r.Held.Routes) },
		func() error { return h.dropAdvertised(bridge.Link, r) },
		func() error { return h.Links.Free(link, bridge.Link, r.WasUp) },
		func() error { return h.Links.DropAddresses(bridge.Link, r.Held.Addresses) },
		func() error { return h.Links.RemoveAddresses(ctx, bridge.Name, r.LinkLocal) },
		func() error { return h.Links.SetMAC(bridge.Link, r.BridgeMAC) },
	)
}

// hearAdvertisements keeps what the host has from router advertisements alive: a port of a
// bridge hears none, and a bridge of ours listens to none by itself.
func (h *Host) hearAdvertisements(ctx context.Context, name string, r *uplinkRecord) error {
	if !r.Advertised {
		return nil
	}
	conf := "net/ipv6/conf/" + r.Bridge + "/"
	return h.change(ctx, UplinkObject(name), sysctlValue{conf + "accept_ra", "2"}, sysctlValue{conf + "autoconf", "1"})
}

func (h *Host) dropAdvertised(bridge links.Link, r *uplinkRecord) error {
	if !r.Advertised {
		return nil
	}
	learned, err := h.Links.Learned(bridge)
	if err != nil {
		return err
	}
	return errors.Join(h.Links.DropRoutes(bridge, learned.Routes), h.Links.DropAddresses(bridge, learned.Addresses))
}

// inTurn does one thing after another until one fails.
func inTurn(list ...func() error) error {
	for _, do := range list {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}
