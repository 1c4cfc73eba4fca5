package links

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"vethbridge/internal/failure"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// CheckBridge compares a bridge with the kernel. The error names all that differs.
func (h *Host) CheckBridge(_ context.Context, b Bridge) error {
	link, err := rare.LinkByName(b.Name)
	if isMissing(err) {
		return fmt.Errorf("check bridge: %s is missing", b.Name)
	}
	if err != nil {
		return failure.To("find bridge "+b.Name, err)
	}
	if link.Type() != "bridge" {
		return &NotABridgeError{b.Name, link.Type()}
	}
	var d differences
	d.when(link.Attrs().Flags&net.FlagUp == 0, "bridge %s is down", b.Name)
	d.when(b.Promisc && link.Attrs().Promisc == 0, "bridge %s is not promiscuous", b.Name)
	d.when(b.VLANFiltering && !filtering(link), "bridge %s has VLAN filtering off", b.Name)
	h.checkGateways(link, &b, &d)
	return d.error()
}

func (h *Host) checkGateways(link netlink.Link, b *Bridge, d *differences) {
	if len(b.Gateways) == 0 {
		return
	}
	if b.VLAN != 0 {
		var err error
		if link, err = rare.LinkByName(b.GatewayName()); err != nil {
			d.fail(failure.To("find link "+b.GatewayName(), err))
			return
		}
		d.when(link.Attrs().Flags&net.FlagUp == 0, "link %s is down", b.GatewayName())
	}
	have, err := h.addresses(link)
	d.fail(err)
	for _, gw := range b.Gateways {
		d.when(!slices.Contains(have, gw), "bridge %s lacks gateway address %s", b.GatewayName(), gw)
	}
}

// CheckPort compares both ends of a port with the kernel. The error names all that differs.
// Addresses and routes beyond the planned ones are others' business.
func (h *Host) CheckPort(_ context.Context, p Port) error {
	var d differences
	h.checkHostEnd(&p, &d)
	inside, link, err := p.look(func() error { return nil })
	if isMissing(err) {
		d.when(true, "%s is missing in the container", p.ContainerName)
		return d.error()
	}
	if err != nil {
		return errors.Join(err, d.error())
	}
	inside.checkContainer(link, &p, &d)
	if !p.Down {
		inside.checkRoutes(link, &p, &d)
	}
	return d.error()
}

func (h *Host) checkHostEnd(p *Port, d *differences) {
	link, err := h.raw.link(p.HostName)
	if isMissing(err) {
		d.when(true, "link %s is missing", p.HostName)
		return
	}
	bridge, bridgeErr := h.raw.link(p.Bridge)
	if err := errors.Join(err, bridgeErr); err != nil {
		d.fail(err)
		return
	}
	a := link.Attrs()
	d.when(markOf(link) != p.Mark, "link %s carries the alias %q, not that of %q", p.HostName, a.Alias, p.Mark)
	d.when(a.Flags&net.FlagUp == 0, "link %s is down", p.HostName)
	d.when(p.Group != 0 && int(a.Group) != p.Group, "link %s is in device group %d, not %d", p.HostName, a.Group, p.Group)
	d.when(p.MTU != 0 && a.MTU != p.MTU, "link %s has MTU %d, not %d", p.HostName, a.MTU, p.MTU)
	if a.MasterIndex != bridge.Attrs().Index {
		d.when(true, "link %s is not a port of bridge %s", p.HostName, p.Bridge)
		return
	}
	d.when(!p.Down && link.state != Forwarding, "port %s of bridge %s does not forward, it is %s", p.HostName, p.Bridge, link.state)
	h.checkVLANs(p, a.Index, d)
	// Others may have reason to turn hairpin mode on: published ports can need it.
	d.when(p.Hairpin && !link.hairpin, "port %s has hairpin mode off", p.HostName)
	d.when(p.Group != 0 && link.groupForward != groupForward, "port %s takes frames for bridges (group_fwd_mask %#x, not %#x)", p.HostName, link.groupForward, groupForward)
	d.when(p.Isolated != link.isolated, "port %s is isolated: %t, want %t", p.HostName, link.isolated, p.Isolated)
}

func (r *requests) checkContainer(link portLink, p *Port, d *differences) {
	a := link.Attrs()
	up := a.Flags&net.FlagUp != 0
	d.when(up == p.Down, "%s in the container is up: %t, want %t", p.ContainerName, up, !p.Down)
	d.when(p.MTU != 0 && a.MTU != p.MTU, "%s in the container has MTU %d, not %d", p.ContainerName, a.MTU, p.MTU)
	d.when(!bytes.Equal(a.HardwareAddr, p.MAC), "%s in the container has MAC %s, not %s", p.ContainerName, a.HardwareAddr, p.MAC)
	have, err := r.addresses(a.Index)
	d.fail(err)
	for _, want := range p.Addresses {
		d.when(!slices.Contains(have, want), "%s in the container lacks address %s", p.ContainerName, want)
	}
}

func (r *requests) checkRoutes(link portLink, p *Port, d *differences) {
	for _, want := range distinct(p.Routes) {
		found, err := r.routes(family(want.Dst.Addr()), number(unix.RTA_OIF, link.Attrs().Index))
		d.fail(err)
		is := func(r HeldRoute) bool { return r.link() == link.Attrs().Index && want.is(r) }
		d.when(err == nil && !slices.ContainsFunc(found, is), "the container lacks route %s", want)
	}
}

// is reports whether the kernel has the route as it was meant.
func (r Route) is(held HeldRoute) bool {
	return held.dst() == r.Dst && held.table() == cmp.Or(r.Table, unix.RT_TABLE_MAIN) && (!r.Gateway.IsValid() || held.gateway() == r.Gateway)
}

func family(a netip.Addr) int {
	if a.Is6() {
		return netlink.FAMILY_V6
	}
	return netlink.FAMILY_V4
}

// differences collects what a check finds.
type differences struct{ list []error }

func (d *differences) when(differs bool, format string, args ...any) {
	if differs {
		d.list = append(d.list, fmt.Errorf("check links: "+format, args...))
	}
}

func (d *differences) fail(err error) {
	if err != nil {
		d.list = append(d.list, err)
	}
}

func (d *differences) error() error { return errors.Join(d.list...) }
