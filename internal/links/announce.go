package links

import (
	"cmp"
	"context"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Announce tells the host and the neighbours on the bridge where the port's addresses are
// now, when the container answers for them: what the host remembers of a former holder is removed, and gratuitous ARP (RFC 5227,
// section 3) and unsolicited neighbour advertisements (RFC 4861, section 7.2.6) are sent.
//
// The kernel sends them when it is told the interface's MAC address, be it the one that it
// has, where arp_notify and ndisc_notify are set (NETDEV_CHANGEADDR in
// net/ipv4/devinet.c and net/ipv6/ndisc.c). A packet socket would do too, but to close it
// takes an RCU grace period, ten times as long as all the rest of an ADD.
func (h *Host) Announce(ctx context.Context, p Port) error {
	if p.Down || len(p.Addresses) == 0 {
		return nil
	}
	inside, err := p.Container.enter(nil)
	if err != nil {
		return err
	}
	inside.awaitCompletion(ctx, &p)
	if err := h.forgetNeighbours(&p); err != nil {
		return err
	}
	if p.has(netip.Addr.Is6) {
		if _, err := p.Container.enter(p.letKernelAdvertise); err != nil {
			return err
		}
	}
	if err := inside.setMAC(p.ContainerName, p.MAC); err != nil {
		return failure.To("announce addresses of "+p.ContainerName+" in the container", err)
	}
	return nil
}

func (h *Host) forgetNeighbours(p *Port) error {
	link, err := h.raw.link(cmp.Or(p.HostSide, p.Bridge))
	if isMissing(err) { // a VLAN without a gateway here
		return nil
	}
	if err != nil {
		return failure.To("find link "+p.HostSide, err)
	}
	for _, a := range p.Addresses {
		if err := h.raw.forgetNeighbour(link.Attrs().Index, a.Addr()); err != nil && !errors.Is(err, unix.ENOENT) {
			return failure.To("forget neighbour "+a.Addr().String()+" on "+p.HostSide, err)
		}
	}
	return nil
}

// letKernelAdvertise comes after the interface is up: each advertisement goes to all ports
// of the bridge, and one is enough.
func (p *Port) letKernelAdvertise() error {
	return ensureAll([]setting{{"net/ipv6/conf/" + p.ContainerName + "/ndisc_notify", "1"}})
}
