package links

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
)

// Port is a veth pair between a bridge and a container, as an attachment wants it.
type Port struct {
	attachment.Port

	HostName, Mark, Bridge string
	ContainerName          string
	Container              *Container
	MAC                    net.HardwareAddr // of the container's end; nil where it is not known how the port was made
	HostSide               string           // link by which the host itself reaches the container; may be empty
	DAD                    bool             // duplicate address detection for IPv6 addresses
}

// AddPort makes the veth pair, the container's end straight in its namespace, and sets up
// both ends; it returns when the bridge forwards. When anything fails, nothing of it stays.
// Errors that have a type: *NameTakenError, *BridgeFullError, *MTUError,
// *NotForwardingError.
func (h *Host) AddPort(ctx context.Context, p Port) (hostEnd, container Link, err error) {
	if err := h.makePort(&p); err != nil {
		return Link{}, Link{}, err
	}
	hostEnd, container, err = h.setUp(ctx, &p)
	if err != nil {
		undo := h.DeletePort(context.WithoutCancel(ctx), p.HostName, p.Mark)
		return Link{}, Link{}, errors.Join(err, undo)
	}
	return hostEnd, container, nil
}

// ConfigurePort gives a port that was added without addresses its addresses and routes: an
// IPAM plugin such as dhcp needs the interface before it can say them.
func (h *Host) ConfigurePort(p Port) error {
	if err := h.raw.finishHostEnd(&p); err != nil {
		return failure.To("set up link "+p.HostName, err)
	}
	if p.has(netip.Addr.Is6) {
		if err := p.Container.ns.Do(p.allowLinkLocal); err != nil {
			return failure.To("enter the container", err)
		}
	}
	inside, link, err := p.look(p.setSysctls)
	if err != nil {
		return err
	}
	return inside.setUpContainer(&p, link.Attrs().Index)
}

func (h *Host) makePort(p *Port) error {
	bridge, err := h.raw.link(p.Bridge)
	if err != nil {
		return failure.To("find bridge "+p.Bridge, err)
	}
	if mtu := bridge.Attrs().MTU; p.MTU > mtu {
		return &MTUError{PortMTU: p.MTU, Bridge: p.Bridge, BridgeMTU: mtu}
	}
	err = h.raw.makeVeth(p, bridge.Attrs().Index)
	switch {
	case errors.Is(err, unix.EXFULL):
		return &BridgeFullError{p.Bridge}
	case errors.Is(err, unix.EEXIST):
		return h.nameTaken(p)
	case err != nil:
		return failure.To("make veth pair "+p.HostName+" - "+p.ContainerName, err)
	}
	return nil
}

// nameTaken finds out which of the two names the kernel means.
func (h *Host) nameTaken(p *Port) error {
	if _, err := rare.LinkByName(p.HostName); err == nil {
		return &NameTakenError{Name: p.HostName}
	}
	return &NameTakenError{Name: p.ContainerName, InContainer: true}
}

// setUp sets up the container's end before the host's end goes up: then carrier comes once, and for an
// interface that is ready. Where it comes and goes, the bridge goes through all its ports each time.
func (h *Host) setUp(ctx context.Context, p *Port) (hostEnd, container Link, err error) {
	if err := h.prepareHostEnd(p); err != nil {
		return Link{}, Link{}, err
	}
	inside, link, err := p.look(p.setSysctls)
	if err != nil {
		return Link{}, Link{}, err
	}
	if err := inside.setUpContainer(p, link.Attrs().Index); err != nil {
		return Link{}, Link{}, err
	}
	port, err := h.connect(ctx, p)
	if err != nil {
		return Link{}, Link{}, err
	}
	// Since Linux 6.8 this look also makes the kernel take note at once of the carrier that
	// has just come: until then the interface drops IPv6.
	if link, err = inside.linkAt(link.Attrs().Index); err != nil {
		return Link{}, Link{}, failure.To("find "+p.ContainerName+" in the container", err)
	}
	return linkOf(port), linkOf(link), nil
}

// prepareHostEnd is for all that costs less while the link is down: of a change of its alias the kernel
// then tells nobody.
func (h *Host) prepareHostEnd(p *Port) error {
	if err := h.raw.finishHostEnd(p); err != nil {
		return failure.To("set up link "+p.HostName, err)
	}
	if err := h.raw.addOtherName(p.HostName); err != nil {
		return failure.To("give link "+p.HostName+" its other name", err)
	}
	p.turnIPv6OffAtHost()
	return h.setPortVLANs(p)
}

// connect sets the host's end up and waits until the bridge forwards.
func (h *Host) connect(ctx context.Context, p *Port) (portLink, error) {
	if err := h.raw.setUp(nl.NewIfInfomsg(unix.AF_UNSPEC), name(p.HostName)); err != nil {
		return portLink{}, failure.To("set link "+p.HostName+" up", err)
	}
	port, err := h.awaitForwarding(ctx, p)
	if err != nil {
		return portLink{}, failure.To("wait for port "+p.HostName, err)
	}
	return port, nil
}

// DeletePort deletes the host-side link if it carries mark, wherever its other end is now and whatever it is called
// now. None is success.
func (h *Host) DeletePort(_ context.Context, hostName, mark string) error {
	link, found, err := h.hostEnd(hostName, mark)
	if err != nil || !found {
		return err
	}
	if err := h.raw.deleteLink(link.Attrs().Index); err != nil && !isMissing(err) {
		return failure.To("delete link "+link.Attrs().Name, err)
	}
	return nil
}

// Hairpin reports whether a link is in hairpin mode; one that is no port of a bridge is a *NotAPortError.
func (h *Host) Hairpin(name string) (bool, error) {
	port, err := h.raw.link(name)
	if err != nil {
		return false, failure.To("find link "+name, err)
	}
	if port.Attrs().MasterIndex == 0 {
		return false, &NotAPortError{name}
	}
	return port.hairpin, nil
}

// SetHairpin sets hairpin mode of a bridge port. Another link is a *NotAPortError.
func (h *Host) SetHairpin(name string, on bool) error {
	link, err := h.raw.link(name)
	if err != nil {
		return failure.To("find link "+name, err)
	}
	if link.Attrs().MasterIndex == 0 {
		return &NotAPortError{name}
	}
	if link.hairpin == on {
		return nil
	}
	return h.raw.setHairpin(link.Attrs().Index, on)
}
