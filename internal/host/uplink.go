package host

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

// Uplink is a link of the host that shall be a port of a bridge, as an attachment wants it.
type Uplink struct {
	Name, Bridge string
	// Move says that the bridge takes over the link's addresses and routes. It then also takes
	// the link's MAC address: the neighbours, a DHCP server and a switch know the host by it.
	Move bool
	MTU  int // of the attachment; 0: the bridge's
}

// UplinkObject is the object that stands for a link as uplink of a bridge.
func UplinkObject(name string) shared.Object {
	return shared.Object{Kind: shared.Uplink, Name: name}
}

const uplinks state.Table = "uplinks"

// uplinkRecord is how a link was before it became a port of the bridge. It is in the book
// before the kernel is changed, so that whatever was done can be taken back or completed.
type uplinkRecord struct {
	BootID     string           `json:"bootID"`
	Index      int              `json:"index"`
	Bridge     string           `json:"bridge"`
	BridgeMAC  net.HardwareAddr `json:"bridgeMAC"`
	WasUp      bool             `json:"wasUp"`
	Moved      bool             `json:"moved"` // the rest is for the bridge
	Held       links.Holdings   `json:"held"`
	LinkLocal  []netip.Prefix   `json:"linkLocal,omitempty"`  // that the bridge did not have
	Advertised bool             `json:"advertised,omitempty"` // it has a default route from router advertisements
	Done       bool             `json:"done"`
}

// UseUplink makes a link a port of the bridge for owner, whose use of it stands in the book
// already, and returns the bridge. One that is a port of the bridge by someone else's hand
// stays as it is. Errors that have a type: those of links.RefuseUplink, *links.MultipathError,
// *links.UplinkMTUError.
func (h *Host) UseUplink(ctx context.Context, u Uplink, owner attachment.Owner) (links.Link, error) {
	err := h.locked(ctx, func() error {
		r, needed, err := h.uplinkRecord(ctx, u)
		if err != nil || !needed {
			return err
		}
		if err = h.moveIn(ctx, u.Name, r); err == nil && !r.Done {
			r.Done = true
			err = h.putUplink(ctx, u.Name, r)
		}
		if err != nil {
			return errors.Join(err, h.undoUplink(ctx, u.Name, owner))
		}
		return nil
	})
	if err != nil {
		return links.Link{}, err
	}
	bridge, err := h.Links.Uplink(u.Bridge)
	return bridge.Link, err
}

// UndoUplink puts the link back for owner, unless another attachment uses it.
func (h *Host) UndoUplink(ctx context.Context, u Uplink, owner attachment.Owner) error {
	return h.locked(ctx, func() error { return h.undoUplink(ctx, u.Name, owner) })
}

func (h *Host) undoUplink(ctx context.Context, name string, owner attachment.Owner) error {
	used, err := h.usedByOthers(ctx, UplinkObject(name), owner)
	if err != nil || used {
		return err
	}
	return h.restoreUplink(ctx, name)
}

// uplinkRecord returns the record of the link, a new one if it has none, and whether there
// is something to be done. What stands in the way is refused before anything is changed.
func (h *Host) uplinkRecord(ctx context.Context, u Uplink) (r *uplinkRecord, needed bool, err error) {
	r, known, err := h.knownUplink(ctx, u.Name)
	if err != nil {
		return r, false, err
	}
	link, bridge, err := h.uplinkEnds(u.Name, u.Bridge)
	switch {
	case err != nil:
		return r, false, err
	case known && r.Bridge != u.Bridge:
		return r, false, &links.UplinkTakenError{Name: u.Name, Master: r.Bridge}
	case u.MTU > link.MTU:
		return r, false, &links.UplinkMTUError{Name: u.Name, MTU: link.MTU, PortMTU: u.MTU}
	case known:
		return r, !r.Done || link.Master != bridge.Index, nil
	}
	if err := h.Links.RefuseUplink(link, bridge.Link, u.Move); err != nil || link.Master == bridge.Index {
		return r, false, err
	}
	if r, err = h.newUplinkRecord(u, link, bridge); err != nil {
		return r, false, err
	}
	return r, true, h.putUplink(ctx, u.Name, r)
}

// RefuseUplink returns why UseUplink would fail. The bridge may be missing yet.
func (h *Host) RefuseUplink(u Uplink) error {
	link, bridge, err := h.uplinkEnds(u.Name, u.Bridge)
	var missing *links.UplinkMissingError
	switch {
	case errors.As(err, &missing) && missing.Name == u.Bridge:
		bridge.Index = -1 // that of no link
	case err != nil:
		return err
	case u.MTU > link.MTU:
		return &links.UplinkMTUError{Name: u.Name, MTU: link.MTU, PortMTU: u.MTU}
	}
	return h.Links.RefuseUplink(link, bridge.Link, u.Move)
}

func (h *Host) newUplinkRecord(u Uplink, link, bridge links.Uplink) (*uplinkRecord, error) {
	r := &uplinkRecord{BootID: h.Store.BootID(), Index: link.Index, Bridge: u.Bridge, BridgeMAC: bridge.MAC, WasUp: link.Up}
	if !u.Move {
		return r, nil
	}
	var err error
	if r.Held, err = h.Links.Holdings(link.Link); err != nil {
		return r, err
	}
	if r.Moved = len(r.Held.Addresses) > 0; r.Moved {
		if r.LinkLocal, err = h.Links.LinkLocal(link.Link, bridge.Link); err != nil {
			return r, err
		}
		devices, err := h.Links.RouterAdvertisementDevices()
		r.Advertised = slices.Contains(devices, u.Name)
		return r, err
	}
	return r, err
}

func (h *Host) uplinkEnds(name, bridge string) (link, master links.Uplink, err error) {
	if link, err = h.Links.Uplink(name); err != nil {
		return link, master, err
	}
	master, err = h.Links.Uplink(bridge)
	return link, master, err
}

// knownUplink reads the record of a link. One of another boot, or of a link that is gone,
// says nothing any more.
func (h *Host) knownUplink(ctx context.Context, name string) (r *uplinkRecord, known bool, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		r, known, err = state.Get[uplinkRecord](tx, uplinks, []byte(name))
		return err
	})
	if err != nil || !known || r.BootID != h.Store.BootID() {
		return r, false, err
	}
	_, there, err := h.Links.UplinkByIndex(r.Index)
	return r, there, err
}

func (h *Host) putUplink(ctx context.Context, name string, r *uplinkRecord) error {
	return h.Store.Update(ctx, func(tx *state.Tx) error { return state.Put(tx, uplinks, []byte(name), r) })
}
