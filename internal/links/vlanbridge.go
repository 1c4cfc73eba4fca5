package links

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// VLANFilteringOffError says that a bridge that others made does not separate VLANs.
type VLANFilteringOffError struct{ Name string }

func (e *VLANFilteringOffError) Error() string {
	return fmt.Sprintf("bridge %s has VLAN filtering off", e.Name)
}

// VLANUnsupportedError says that the kernel can't do what a VLAN needs.
type VLANUnsupportedError struct{ What string }

func (e *VLANUnsupportedError) Error() string { return "this kernel has no " + e.What }

// NotAVLANError says that the link named as gateway of a VLAN is something else.
type NotAVLANError struct {
	Name, Kind, Bridge string
	VLAN               int
}

func (e *NotAVLANError) Error() string {
	return fmt.Sprintf("link %s is a %s, not VLAN %d of bridge %s", e.Name, e.Kind, e.VLAN, e.Bridge)
}

// GatewayName is the name of the link that carries the gateway addresses: the bridge, or
// its link in the VLAN, such as "cni0.100".
func (b Bridge) GatewayName() string {
	if b.VLAN == 0 {
		return b.Name
	}
	return fmt.Sprintf("%s.%d", b.Name, b.VLAN)
}

// filterVLANs turns VLAN filtering on, on a bridge of ours. Ports that say nothing of VLANs
// are in the bridge's default one all together, so that nothing changes for them.
func (h *Host) filterVLANs(link netlink.Link, b *Bridge, ours bool) error {
	if !b.VLANFiltering || filtering(link) {
		return nil
	}
	if !ours {
		return &VLANFilteringOffError{b.Name}
	}
	on := true
	attrs := netlink.NewLinkAttrs()
	attrs.Name = b.Name // with the index beside it, it would be a new name, which a link that is up refuses
	err := rare.LinkModify(&netlink.Bridge{LinkAttrs: attrs, VlanFiltering: &on})
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return failure.To("turn on VLAN filtering of "+b.Name, err)
	}
	now, err := rare.LinkByIndex(link.Attrs().Index)
	if err == nil && !filtering(now) { // a kernel without it may also say yes
		return &VLANUnsupportedError{noFiltering}
	}
	return err
}

// RefuseVLANs returns why a bridge that is there can't separate VLANs: a *VLANUnsupportedError or,
// without the mark of ours, a *VLANFilteringOffError. One that is missing refuses nothing yet.
func (h *Host) RefuseVLANs(name, mark string) error {
	link, err := rare.LinkByName(name)
	if isMissing(err) || err == nil && filtering(link) {
		return nil
	}
	if err != nil {
		return failure.To("find bridge "+name, err)
	}
	if _, err := h.raw.vlans(link.Attrs().Index); errors.Is(err, unix.EOPNOTSUPP) {
		return &VLANUnsupportedError{noFiltering}
	}
	if link.Attrs().Alias != mark {
		return &VLANFilteringOffError{name}
	}
	return nil
}

const noFiltering = "VLAN filtering of bridges (CONFIG_BRIDGE_VLAN_FILTERING)"

func filtering(link netlink.Link) bool {
	bridge, ok := link.(*netlink.Bridge)
	return ok && bridge.VlanFiltering != nil && *bridge.VlanFiltering
}

// gatewayLink finds or makes the link that carries the gateway addresses, and notes if it is new.
func (h *Host) gatewayLink(bridge netlink.Link, b *Bridge, st *BridgeState) (netlink.Link, error) {
	if b.VLAN == 0 || len(b.Gateways) == 0 {
		return bridge, nil
	}
	if err := h.bringUp(bridge, b, st); err != nil { // it carries the other
		return nil, err
	}
	link, err := rare.LinkByName(b.GatewayName())
	if isMissing(err) {
		st.GatewayMade = true
		link, err = h.makeVLANLink(bridge, b)
	}
	if err != nil {
		return nil, err
	}
	vlan, ok := link.(*netlink.Vlan)
	if !ok || vlan.VlanId != b.VLAN || vlan.ParentIndex != bridge.Attrs().Index {
		return nil, &NotAVLANError{b.GatewayName(), link.Type(), b.Name, b.VLAN}
	}
	return link, h.finishVLANLink(bridge, link, b)
}

func (h *Host) makeVLANLink(bridge netlink.Link, b *Bridge) (netlink.Link, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = b.GatewayName(), bridge.Attrs().Index
	err := rare.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: b.VLAN, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q})
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return nil, &VLANUnsupportedError{"VLAN links (CONFIG_VLAN_8021Q)"}
	case err != nil && !errors.Is(err, unix.EEXIST): // another process may have been faster
		return nil, failure.To("make link "+attrs.Name, err)
	}
	return rare.LinkByName(attrs.Name)
}

// finishVLANLink repeats what is done already: a plugin may have been killed on its way.
func (h *Host) finishVLANLink(bridge, link netlink.Link, b *Bridge) error {
	name := b.GatewayName()
	quiet := Bridge{Name: name, IPv6: b.IPv6}
	if err := quiet.quiet(); err != nil {
		return err
	}
	if err := rare.BridgeVlanAdd(bridge, uint16(b.VLAN), false, false, true, false); err != nil {
		return failure.To("put bridge "+b.Name+" into VLAN "+strconv.Itoa(b.VLAN), err)
	}
	if link.Attrs().Alias != b.Mark {
		if err := rare.LinkSetAlias(link, b.Mark); err != nil {
			return failure.To("mark link "+name, err)
		}
	}
	if err := rare.LinkSetUp(link); err != nil {
		return failure.To("set link "+name+" up", err)
	}
	return nil
}

// RemoveVLANLink removes a VLAN's link that was made here, by its mark, and takes its bridge
// out of the VLAN. One that is gone is no error, one that is someone else's stays.
func (h *Host) RemoveVLANLink(name, mark string) error {
	link, err := rare.LinkByName(name)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return failure.To("find link "+name, err)
	}
	vlan, ok := link.(*netlink.Vlan)
	if !ok || vlan.Attrs().Alias != mark {
		return nil
	}
	if err := rare.LinkDel(link); err != nil && !isMissing(err) {
		return failure.To("remove link "+name, err)
	}
	bridge, err := rare.LinkByIndex(vlan.ParentIndex)
	if err == nil {
		err = rare.BridgeVlanDel(bridge, uint16(vlan.VlanId), false, false, true, false)
	}
	if err != nil && !isMissing(err) {
		return failure.To("take the bridge out of VLAN "+strconv.Itoa(vlan.VlanId), err)
	}
	return nil
}
