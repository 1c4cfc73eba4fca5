package host

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// GatewayInUseError says that the subnet of a network was changed while containers with
// addresses of the old one are attached.
type GatewayInUseError struct {
	Bridge  string
	Gateway netip.Prefix
	Users   []attachment.Owner
}

func (e *GatewayInUseError) Error() string {
	text := fmt.Sprintf("bridge %s has gateway %s of a former subnet, which %s uses", e.Bridge, e.Gateway, e.Users[0])
	if others := len(e.Users) - 1; others > 0 {
		text += fmt.Sprintf(", and %d more", others)
	}
	return text
}

// gateways are the gateway addresses that we gave to links.
const gateways state.Table = "gateways"

type gatewayRecord struct {
	BootID  string       `json:"bootID"`
	Address netip.Prefix `json:"address"`
}

func gatewayKey(link, address string) []byte { return []byte(link + "\x00" + address) }

// readdress is for a bridge that has just got gateways that it did not have: those that we
// gave it before are of a former subnet. One that nobody uses goes; one that containers of the
// same network use is a *GatewayInUseError, unless the bridge is forced to the new one.
// Configured are all gateways of the network, nil if only an IPAM plugin knows them.
func (h *Host) readdress(ctx context.Context, b *links.Bridge, added, configured []netip.Prefix, owner attachment.Owner) error {
	given, err := h.givenGateways(ctx, b.GatewayName())
	if err != nil {
		return err
	}
	former := slices.DeleteFunc(given, func(p netip.Prefix) bool {
		return slices.Contains(slices.Concat(b.Gateways, configured), p) || !sameFamily(added, p)
	})
	unused, err := h.unusedGateways(ctx, b, former, configured != nil, owner)
	if err != nil {
		return err
	}
	if err := h.Links.RemoveAddresses(ctx, b.GatewayName(), unused); err != nil {
		return err
	}
	return h.Store.Update(ctx, func(tx *state.Tx) error {
		if err := deleteGateways(tx, b.GatewayName(), unused); err != nil {
			return err
		}
		for _, address := range added {
			r := gatewayRecord{tx.BootID(), address}
			if err := state.Put(tx, gateways, gatewayKey(b.GatewayName(), address.String()), r); err != nil {
				return err
			}
		}
		return nil
	})
}

// LostGateway is an address that we gave to a link, and that it has not any more.
type LostGateway struct {
	Link    string
	Address netip.Prefix
}

// String returns "cni0 has lost its address 10.88.0.1/16".
func (l LostGateway) String() string { return l.Link + " has lost its address " + l.Address.String() }

// LostGateways looks at the links that carry gateways of attachments. One that is missing itself is left out.
func (h *Host) LostGateways(ctx context.Context) (lost []LostGateway, err error) {
	bridges, err := h.RecordedBridges(ctx)
	for _, b := range bridges {
		link, err := h.Links.Describe(b.GatewayName())
		if err != nil {
			continue
		}
		given := b.Gateways
		if link.Carrier && links.LackLinkLocal(given, link.Addresses) {
			given = append(given, links.LinkLocal(link.MAC))
		}
		for _, address := range given {
			if !slices.Contains(link.Addresses, address) {
				lost = append(lost, LostGateway{b.GatewayName(), address})
			}
		}
	}
	return lost, err
}

// givenGateways are the addresses that we gave to a link since the host booted.
func (h *Host) givenGateways(ctx context.Context, link string) (list []netip.Prefix, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		return state.Each(tx, gateways, gatewayKey(link, ""), func(_ []byte, r *gatewayRecord) error {
			if r.BootID == tx.BootID() {
				list = append(list, r.Address)
			}
			return nil
		})
	})
	return list, err
}

func deleteGateways(tx *state.Tx, link string, list []netip.Prefix) error {
	for _, address := range list {
		if err := state.Delete(tx, gateways, gatewayKey(link, address.String())); err != nil {
			return err
		}
	}
	return nil
}

// forgetGateways is for addresses that a link has no more.
func (h *Host) forgetGateways(ctx context.Context, link string, list []netip.Prefix) error {
	if len(list) == 0 {
		return nil
	}
	return h.Store.Update(ctx, func(tx *state.Tx) error { return deleteGateways(tx, link, list) })
}

// withdrawGateways takes from a link all addresses that we gave it. One that is gone has none.
func (h *Host) withdrawGateways(ctx context.Context, link string) error {
	list, err := h.givenGateways(ctx, link)
	if err != nil {
		return err
	}
	if err := h.Links.RemoveAddresses(ctx, link, list); err != nil {
		return err
	}
	return h.forgetGateways(ctx, link, list)
}

func sameFamily(list []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(list, func(o netip.Prefix) bool { return o.Addr().Is4() == p.Addr().Is4() })
}

// unusedGateways are those of former gateways in whose subnet no attachment of the bridge
// has an address. It looks at all attachments, which a change of the subnet is worth.
func (h *Host) unusedGateways(ctx context.Context, b *links.Bridge, former []netip.Prefix, strict bool, owner attachment.Owner) ([]netip.Prefix, error) {
	if len(former) == 0 || b.ForceAddress {
		return former, nil
	}
	var unused []netip.Prefix
	for _, gateway := range former {
		users, err := h.addressedIn(ctx, b.Name, gateway.Masked(), owner)
		if err != nil {
			return nil, err
		}
		same := slices.DeleteFunc(slices.Clone(users), func(o attachment.Owner) bool { return o.Network != owner.Network })
		switch {
		case len(users) == 0:
			unused = append(unused, gateway)
		case strict && len(same) > 0:
			return nil, &GatewayInUseError{b.GatewayName(), gateway, same}
		}
	}
	return unused, nil
}

// addressedIn lists the attachments of a bridge, other than owner, with an address in subnet.
// One whose addresses only an IPAM plugin knows may have such a one.
func (h *Host) addressedIn(ctx context.Context, bridge string, subnet netip.Prefix, owner attachment.Owner) (owners []attachment.Owner, err error) {
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		list, err := tx.Attachments("")
		for _, a := range list {
			if a.Bridge != bridge || a.Owner == owner {
				continue
			}
			leases, err := ipam.Leases(tx, a.Owner)
			if err != nil {
				return err
			}
			if len(leases) == 0 || slices.ContainsFunc(leases, func(l ipam.Lease) bool { return subnet.Contains(l.Address.Addr()) }) {
				owners = append(owners, a.Owner)
			}
		}
		return err
	})
	return owners, err
}
