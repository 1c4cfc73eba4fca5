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

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// CheckBridge compares a bridge with the kernel. The error names all that differs.
func (h *Host) CheckBridge(_ context.Context, b Bridge) error {
	link, err := h.raw.link(b.Name)
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
	d.when(link.Attrs().RawFlags&unix.IFF_NOARP != 0, "bridge %s answers and asks for no neighbours (NOARP)", b.Name)
	d.when(b.Promisc && link.Attrs().Promisc == 0, "bridge %s is not promiscuous", b.Name)
	d.when(b.VLANFiltering && !filtering(link.Link), "bridge %s has VLAN filtering off", b.Name)
	forwards, said := link.inet(inetForwarding)
	d.when(b.Forward4 && said && !forwards, "net.ipv4.conf.%s.forwarding is 0: what comes in by it goes no further", b.Name)
	h.checkGateways(link.Link, &b, &d)
	return d.error()
}

func (h *Host) checkGateways(link netlink.Link, b *Bridge, d *differences) {
	if len(b.Gateways) == 0 {
		return
	}
	if b.VLAN != 0 {
		var err error
		if link, err = h.find(b.GatewayName()); err != nil {
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
func (h *Host) CheckPort(_ context.Context, p Port) error {
	return errors.Join(h.CheckHostEnd(&p), p.CheckInside())
}

// CheckHostEnd compares the host's end of a port with the kernel.
func (h *Host) CheckHostEnd(p *Port) error {
	var d differences
	link, found, err := h.hostEnd(p.HostName, p.Mark)
	if err != nil || !found {
		d.fail(err)
		d.when(err == nil, "link %s is missing", p.HostName)
		return d.error()
	}
	bridge, err := h.raw.link(p.Bridge)
	if err != nil {
		d.fail(failure.To("find bridge "+p.Bridge, err))
		return d.error()
	}
	d.when(link.Attrs().Name != p.HostName, "link %s is called %s now, and its guard knows it by its name", p.HostName, link.Attrs().Name)
	h.compareHostEnd(p, &link, bridge.Attrs().Index, &d)
	return d.error()
}

func (h *Host) compareHostEnd(p *Port, link *portLink, bridge int, d *differences) {
	a := link.Attrs()
	d.when(markOf(link) != p.Mark, "link %s carries the alias %q, not that of %q", p.HostName, a.Alias, p.Mark)
	d.when(a.Flags&net.FlagUp == 0, "link %s is down", p.HostName)
	d.when(p.Group != 0 && int(a.Group) != p.Group, "link %s is in device group %d, not %d", p.HostName, a.Group, p.Group)
	d.when(p.MTU != 0 && a.MTU != p.MTU, "link %s has MTU %d, not %d", p.HostName, a.MTU, p.MTU)
	if a.MasterIndex != bridge {
		d.when(true, "link %s is not a port of bridge %s", p.HostName, p.Bridge)
		return
	}
	// Without a carrier it is the other end that is down.
	d.when(!p.Down && a.RawFlags&unix.IFF_LOWER_UP != 0 && link.state != Forwarding, "port %s of bridge %s does not forward, it is %s", p.HostName, p.Bridge, link.state)
	if p.MAC == nil {
		return // of a record that was rebuilt: nobody knows how the port was
	}
	h.checkVLANs(p, a.Index, d)
	// Others may have reason to turn hairpin mode on: published ports can need it.
	d.when(p.Hairpin && !link.hairpin, "port %s has hairpin mode off", p.HostName)
	d.when(p.Group != 0 && link.groupForward != groupForward, "port %s takes frames for bridges (group_fwd_mask %#x, not %#x)", p.HostName, link.groupForward, groupForward)
	d.when(p.Isolated != link.isolated, "port %s is isolated: %t, want %t", p.HostName, link.isolated, p.Isolated)
}

// CheckInside compares the container's end of a port with the kernel: what differs are *InsideError. Addresses and
// routes beyond the planned ones are others' business.
func (p *Port) CheckInside() error {
	var d differences
	inside, link, err := p.look(nil)
	if isMissing(err) {
		d.when(true, "%s is missing in the container", p.ContainerName)
		return d.error()
	}
	if err != nil {
		return err
	}
	inside.checkContainer(link, p, &d)
	if !p.Down {
		inside.checkRoutes(link, p, &d)
	}
	return d.error()
}

func (r *requests) checkContainer(link portLink, p *Port, d *differences) {
	a := link.Attrs()
	set := func(differs bool, what, to string) {
		d.inside(differs, a.Name+" in the container "+what, "ip link set "+a.Name+" "+to)
	}
	up := a.Flags&net.FlagUp != 0
	set(up && p.Down, "is up: true, want false", "down")
	set(!up && !p.Down, "is up: false, want true", "up")
	set(a.RawFlags&unix.IFF_NOARP != 0, "asks for no neighbours (NOARP)", "arp on")
	set(p.MTU != 0 && a.MTU != p.MTU, fmt.Sprintf("has MTU %d, not %d", a.MTU, p.MTU), fmt.Sprint("mtu ", p.MTU))
	set(!bytes.Equal(a.HardwareAddr, p.MAC), "has MAC "+a.HardwareAddr.String()+", not "+p.MAC.String(), "address "+p.MAC.String())
	have, err := r.addresses(a.Index)
	d.fail(err)
	for _, want := range p.Addresses {
		d.inside(!slices.Contains(have, want), a.Name+" in the container lacks address "+want.String(), "ip addr add "+want.String()+" dev "+a.Name)
	}
}

func (r *requests) checkRoutes(link portLink, p *Port, d *differences) {
	for _, want := range distinct(p.Routes) {
		found, err := r.routes(family(want.Dst.Addr()), number(unix.RTA_OIF, link.Attrs().Index))
		d.fail(err)
		is := func(r HeldRoute) bool { return r.link() == link.Attrs().Index && r.is(&want) }
		d.inside(err == nil && !slices.ContainsFunc(found, is), "the container lacks route "+want.String(),
			fmt.Sprint("ip route add ", want, " dev ", p.ContainerName, " table ", cmp.Or(want.Table, unix.RT_TABLE_MAIN)))
	}
}

// is reports whether the kernel has the route as it was meant.
func (r HeldRoute) is(want *Route) bool {
	return r.dst() == want.Dst && r.table() == cmp.Or(want.Table, unix.RT_TABLE_MAIN) && (!want.Gateway.IsValid() || r.gateway() == want.Gateway)
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

// inside is when, for what a command in the container puts right.
func (d *differences) inside(differs bool, what, command string) {
	if differs {
		d.list = append(d.list, &InsideError{"check links: " + what, command})
	}
}

func (d *differences) fail(err error) {
	if err != nil {
		d.list = append(d.list, err)
	}
}

func (d *differences) error() error { return errors.Join(d.list...) }
