package ipam

import (
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

const subnetTable state.Table = "subnets"

// subnetUse counts the owners on a network whose ranges lie in a subnet. It is gone with
// the last of them, and the subnet is free for other networks.
type subnetUse struct {
	Network string       `json:"network"`
	Subnet  netip.Prefix `json:"subnet"`
	Owners  uint64       `json:"owners"`
}

func subnetKey(network string, s netip.Prefix) []byte {
	return append(attachment.NetworkKey(network), s.String()...)
}

// subnets returns the subnets of all ranges, each once.
func subnets(sets []RangeSet) []netip.Prefix {
	var list []netip.Prefix
	for _, set := range sets {
		for _, r := range set {
			if !slices.Contains(list, r.Subnet) {
				list = append(list, r.Subnet)
			}
		}
	}
	return list
}

// refuseOverlap looks at the other networks' subnets, but only for those that this network
// does not use yet: who came first stays, also beside one that was let in by AllowOverlap.
func refuseOverlap(tx *state.Tx, network string, wanted []netip.Prefix) error {
	for _, s := range wanted {
		if state.Has(tx, subnetTable, subnetKey(network, s)) {
			continue
		}
		err := state.Each(tx, subnetTable, nil, func(_ []byte, u *subnetUse) error {
			if u.Network != network && u.Subnet.Overlaps(s) {
				return &OverlapError{Network: network, Subnet: s, Other: u.Network, InUse: u.Subnet}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func enterSubnets(tx *state.Tx, network string, list []netip.Prefix) error {
	for _, s := range list {
		u, _, err := state.Get[subnetUse](tx, subnetTable, subnetKey(network, s))
		if err != nil {
			return err
		}
		more := subnetUse{Network: network, Subnet: s, Owners: u.Owners + 1}
		if err := state.Put(tx, subnetTable, subnetKey(network, s), more); err != nil {
			return err
		}
	}
	return nil
}

func leaveSubnets(tx *state.Tx, network string, list []netip.Prefix) error {
	for _, s := range list {
		u, ok, err := state.Get[subnetUse](tx, subnetTable, subnetKey(network, s))
		if err != nil {
			return err
		}
		if !ok || u.Owners <= 1 {
			err = state.Delete(tx, subnetTable, subnetKey(network, s))
		} else {
			u.Owners--
			err = state.Put(tx, subnetTable, subnetKey(network, s), u)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
