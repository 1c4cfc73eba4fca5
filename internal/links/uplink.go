package links

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/vishvananda/netlink"

	"vethbridge/internal/failure"
)

// Uplink is a link of the host that is or shall be a port of a bridge.
type Uplink struct {
	Link
	Up     bool
	Master int // index of the link that it is a port of; 0: none
}

// Uplink reads a link. One that is missing is an *UplinkMissingError.
func (h *Host) Uplink(name string) (Uplink, error) {
	link, err := rare.LinkByName(name)
	if isMissing(err) {
		return Uplink{}, &UplinkMissingError{name}
	}
	if err != nil {
		return Uplink{}, failure.To("find uplink "+name, err)
	}
	return uplinkOf(link), nil
}

// UplinkByIndex reads a link that may have another name now; it reports false if it is gone.
func (h *Host) UplinkByIndex(index int) (Uplink, bool, error) {
	link, err := rare.LinkByIndex(index)
	if isMissing(err) {
		return Uplink{}, false, nil
	}
	if err != nil {
		return Uplink{}, false, failure.To("find link "+strconv.Itoa(index), err)
	}
	return uplinkOf(link), true, nil
}

func uplinkOf(link netlink.Link) Uplink {
	a := link.Attrs()
	return Uplink{Link: linkOf(link), Up: a.Flags&net.FlagUp != 0, Master: a.MasterIndex}
}

// RefuseUplink returns why a link can't become a port of the bridge: it is one of another
// (*UplinkTakenError), or carries addresses (*UplinkAddressedError) that are not to move.
func (h *Host) RefuseUplink(u Uplink, bridge Link, mayMove bool) error {
	if u.Master != 0 && u.Master != bridge.Index {
		return &UplinkTakenError{u.Name, h.NameOf(u.Master)}
	}
	if u.Master == bridge.Index || mayMove {
		return nil
	}
	held, err := h.raw.heldAddresses(u.Index)
	if err != nil || len(held) == 0 {
		return err
	}
	e := &UplinkAddressedError{Name: u.Name}
	for _, a := range held {
		e.Addresses = append(e.Addresses, a.prefix())
	}
	return e
}

// LinkLocal lists the link-local IPv6 addresses of one link that the other lacks.
func (h *Host) LinkLocal(of, lacking Link) ([]netip.Prefix, error) {
	have, err := h.linkAddresses(of)
	if err != nil {
		return nil, err
	}
	others, err := h.linkAddresses(lacking)
	return slices.DeleteFunc(have, func(p netip.Prefix) bool {
		return !linkLocal6(p.Addr()) || slices.Contains(others, p)
	}), err
}

func (h *Host) linkAddresses(l Link) ([]netip.Prefix, error) {
	list, err := h.raw.addresses(l.Index)
	if err != nil {
		return nil, failure.To("list addresses of "+l.Name, err)
	}
	return list, nil
}

// AddLinkLocal gives a link addresses that it may have already.
func (h *Host) AddLinkLocal(link Link, list []netip.Prefix) error {
	for _, p := range list {
		if err := rare.AddrReplace(device(link), address(p, false)); err != nil {
			return failure.To("add address "+p.String()+" to "+link.Name, err)
		}
	}
	return nil
}

// SetMAC sets the hardware address of a link.
func (h *Host) SetMAC(link Link, mac net.HardwareAddr) error {
	if bytes.Equal(link.MAC, mac) {
		return nil
	}
	if err := rare.LinkSetHardwareAddr(device(link), mac); err != nil {
		return failure.To("set MAC "+mac.String()+" of "+link.Name, err)
	}
	return nil
}

// Enslave makes a link a port of the bridge, and sets it up.
func (h *Host) Enslave(u Uplink, bridge Link) error {
	if u.Master != bridge.Index {
		if err := rare.LinkSetMasterByIndex(device(u.Link), bridge.Index); err != nil {
			return failure.To("make "+u.Name+" a port of bridge "+bridge.Name, err)
		}
	}
	if u.Up {
		return nil
	}
	if err := rare.LinkSetUp(device(u.Link)); err != nil {
		return failure.To("set uplink "+u.Name+" up", err)
	}
	return nil
}

// Free takes a link out of the bridge and, if it was down before, sets it down.
func (h *Host) Free(u Uplink, bridge Link, wasUp bool) error {
	if u.Master == bridge.Index && u.Master != 0 {
		if err := rare.LinkSetNoMaster(device(u.Link)); err != nil {
			return failure.To("take "+u.Name+" out of bridge "+bridge.Name, err)
		}
	}
	if wasUp || !u.Up {
		return nil
	}
	if err := rare.LinkSetDown(device(u.Link)); err != nil {
		return failure.To("set "+u.Name+" down", err)
	}
	return nil
}

func device(l Link) netlink.Link {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Index = l.Name, l.Index
	return &netlink.Device{LinkAttrs: attrs}
}

// CheckUplink compares the uplink of a bridge with the kernel.
func (h *Host) CheckUplink(_ context.Context, name, bridge string) error {
	u, err := h.Uplink(name)
	if err != nil {
		return failure.To("check links", err)
	}
	var d differences
	d.when(!u.Up, "uplink %s is down", name)
	d.when(u.Master == 0 || h.NameOf(u.Master) != bridge, "uplink %s is not a port of bridge %s", name, bridge)
	return d.error()
}
