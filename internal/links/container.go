package links

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	vishns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// inside opens a netlink socket in the container's namespace.
func inside(p Port) (*netlink.Handle, netlink.Link, error) {
	nl, err := netlink.NewHandleAt(vishns.NsHandle(p.Netns.FD()), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, nil, fmt.Errorf("open netlink socket in the container: %w", err)
	}
	link, err := nl.LinkByName(p.ContainerName)
	if err != nil {
		nl.Close()
		return nil, nil, fmt.Errorf("find %s in the container: %w", p.ContainerName, err)
	}
	return nl, link, nil
}

// setUpContainer shuts the interface to router advertisements before it goes up, and gives
// it its addresses and routes.
func setUpContainer(p Port) (Link, error) {
	if err := p.Netns.Do(func() error { return quiet(p.ContainerName, p.hasIPv6()) }); err != nil {
		return Link{}, fmt.Errorf("set sysctls in the container: %w", err)
	}
	nl, link, err := inside(p)
	if err != nil {
		return Link{}, err
	}
	defer nl.Close()
	for _, a := range p.Addresses {
		if err := nl.AddrAdd(link, address(a, p.DAD)); err != nil {
			return Link{}, fmt.Errorf("add address %s to %s in the container: %w", a, p.ContainerName, err)
		}
	}
	if p.Down {
		return linkOf(link), nil
	}
	if err := nl.LinkSetUp(link); err != nil {
		return Link{}, fmt.Errorf("set %s in the container up: %w", p.ContainerName, err)
	}
	for _, r := range distinct(p.Routes) {
		if err := nl.RouteReplace(r.to(link.Attrs().Index)); err != nil {
			return Link{}, fmt.Errorf("add route %s in the container: %w", r, err)
		}
	}
	return linkOf(link), nil
}

func (p Port) hasIPv6() bool {
	for _, a := range p.Addresses {
		if a.Addr().Is6() {
			return true
		}
	}
	return false
}

// address makes an address of the kernel's form. Without dad it can be used at once: it
// comes from a pool that gives no address twice.
func address(p netip.Prefix, dad bool) *netlink.Addr {
	a := &netlink.Addr{IPNet: ipNet(p)}
	if p.Addr().Is6() && !dad {
		a.Flags = unix.IFA_F_NODAD
	}
	return a
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefixOf(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), ones)
}
