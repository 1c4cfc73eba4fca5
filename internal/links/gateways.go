package links

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// addGateways adds the gateway addresses that the bridge lacks and returns them. One of others keeps its MAC address from before it gets
// the first one, so that a kill in between leaves no gateway without; where it has all, from its first attachment on.
func (h *Host) addGateways(link netlink.Link, b *Bridge, st *BridgeState) ([]netip.Prefix, error) {
	if len(b.Gateways) == 0 {
		return nil, nil
	}
	have, err := h.addresses(link)
	if err != nil {
		return nil, err
	}
	var added []netip.Prefix
	kept := st.Ours
	keep := func() error {
		if kept {
			return nil
		}
		kept = true
		return keepMAC(b, st)
	}
	for _, gw := range b.Gateways {
		if slices.Contains(have, gw) {
			continue
		}
		if b.Exclusive {
			if err := h.refuseOverlap(gw.Masked(), b); err != nil {
				return added, err
			}
		}
		if err := h.makeWay(link, b, gw, have); err != nil {
			return added, err
		}
		if err := keep(); err != nil {
			return added, err
		}
		err := rare.AddrAdd(link, address(gw, false))
		if errors.Is(err, unix.EEXIST) {
			continue // someone else has just added it
		}
		if err != nil {
			return added, addressError(err, gw, "bridge "+b.GatewayName())
		}
		added = append(added, gw)
	}
	if b.First {
		if err := keep(); err != nil {
			return added, err
		}
	}
	return added, h.addLinkLocal(link, b, have)
}

// addLinkLocal gives a bridge of ours the address back by which it asks for neighbours, which goes with all others
// when they are flushed. A bridge that is down gets it from the kernel as it goes up.
func (h *Host) addLinkLocal(link netlink.Link, b *Bridge, have []netip.Prefix) error {
	a := link.Attrs()
	if a.Alias != b.Mark || a.Flags&net.FlagUp == 0 || !LackLinkLocal(b.Gateways, have) {
		return nil
	}
	own := LinkLocal(a.HardwareAddr)
	if err := rare.AddrAdd(link, address(own, false)); err != nil && !errors.Is(err, unix.EEXIST) {
		return addressError(err, own, "bridge "+b.GatewayName())
	}
	return nil
}

// LackLinkLocal reports whether a link with these gateways and addresses has IPv6 without the address by which it would ask
// for neighbours.
func LackLinkLocal(gateways, have []netip.Prefix) bool {
	six := false
	for _, p := range gateways {
		six = six || p.Addr().Is6()
	}
	for _, p := range have {
		six = six && !(p.Addr().Is6() && p.Addr().IsLinkLocalUnicast())
	}
	return six
}

func (h *Host) makeWay(link netlink.Link, b *Bridge, gw netip.Prefix, have []netip.Prefix) error {
	for _, old := range have {
		if !b.ForceAddress || old.Addr().Is6() != gw.Addr().Is6() || old.Addr().IsLinkLocalUnicast() || slices.Contains(b.Gateways, old) {
			continue
		}
		if err := rare.AddrDel(link, address(old, false)); err != nil {
			return failure.To("remove address "+old.String()+" from bridge "+b.GatewayName(), err)
		}
	}
	return nil
}

// RemoveAddresses removes addresses from a link. A link or an address that is gone is no
// error.
func (h *Host) RemoveAddresses(_ context.Context, name string, prefixes []netip.Prefix) error {
	if len(prefixes) == 0 {
		return nil
	}
	link, err := rare.LinkByName(name)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return failure.To("find link "+name, err)
	}
	for _, p := range prefixes {
		if err := rare.AddrDel(link, address(p, false)); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return failure.To("remove address "+p.String()+" from "+name, err)
		}
	}
	return nil
}
