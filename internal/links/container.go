package links

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/netns"
)

// Container is the network namespace of a container, with a netlink socket in it from when that is first
// needed until Close. It is not safe for concurrent use.
type Container struct {
	ns  *netns.Namespace
	raw *requests
}

// In returns the container whose namespace is ns, which stays the caller's.
func In(ns *netns.Namespace) *Container { return &Container{ns: ns} }

// Close closes the socket, if there is one.
func (c *Container) Close() {
	if c.raw != nil {
		c.raw.close()
	}
}

// enter returns the netlink socket in the container, after doing first there unless that is nil. One switch of
// the thread serves both.
func (c *Container) enter(first func() error) (inside *requests, err error) {
	if first == nil && c.raw != nil {
		return c.raw, nil
	}
	err = c.ns.Do(func() (err error) {
		if first != nil {
			err = first()
		}
		if err == nil && c.raw == nil {
			c.raw, err = openRequests()
		}
		return err
	})
	if err != nil {
		return nil, failure.To("enter the container", err)
	}
	return c.raw, nil
}

// look enters the container and finds the interface.
func (p *Port) look(first func() error) (inside *requests, link portLink, err error) {
	if inside, err = p.Container.enter(first); err != nil {
		return nil, link, err
	}
	if link, err = inside.link(p.ContainerName); err != nil {
		return nil, link, failure.To("find "+p.ContainerName+" in the container", err)
	}
	return inside, link, nil
}

// setUpContainer gives the interface its addresses, sets it up and gives it its routes. By then it is shut
// to router advertisements.
func (r *requests) setUpContainer(p *Port, index int) error {
	if err := r.configure(p, index); err != nil {
		return failure.To("configure "+p.ContainerName+" in the container", err)
	}
	for _, a := range p.Addresses {
		if err := p.addAddress(r, index, a); err != nil {
			return addressError(err, a, p.ContainerName+" in the container")
		}
	}
	if p.Down {
		return nil
	}
	if err := r.setUp(ofLink(index)); err != nil {
		return failure.To("set "+p.ContainerName+" in the container up", err)
	}
	for _, route := range distinct(p.Routes) {
		if err := addRoute(r, route, index); err != nil {
			return failure.To("add route "+route.String()+" in the container", err)
		}
	}
	return nil
}

// addAddress turns IPv6 on for the interface where that stands in the way: runtimes turn it off by
// default in each new namespace.
func (p *Port) addAddress(inside *requests, index int, a netip.Prefix) error {
	err := inside.addAddress(index, a, p.DAD)
	if !a.Addr().Is6() || !errors.Is(err, unix.EACCES) {
		return err
	}
	on := setting{"net/ipv6/conf/" + p.ContainerName + "/disable_ipv6", "0"}
	if err := p.Container.ns.Do(func() error { return ensureAll([]setting{on}) }); err != nil {
		return err
	}
	return inside.addAddress(index, a, p.DAD)
}

// setSysctls closes the interface to router advertisements and redirects, as far as there are no messages for
// it: configure does the rest. It runs in the container.
func (p *Port) setSysctls() error {
	conf := "net/ipv6/conf/" + p.ContainerName + "/"
	list := []setting{
		{conf + "accept_ra", "0"}, {conf + "autoconf", "0"}, {conf + "accept_redirects", "0"},
		// Of IPv4 a host takes them if either says so (IN_DEV_RX_REDIRECTS in linux/inetdevice.h).
		{"net/ipv4/conf/all/accept_redirects", "0"},
	}
	if p.has(netip.Addr.Is6) && !p.DAD {
		list = append(list, setting{conf + "accept_dad", "0"}) // of the link-local address
	}
	return ensureAll(list)
}

// allowLinkLocal takes back what configure did for an interface without IPv6 addresses:
// the kernel then makes the link-local one at once (addrconf_sysctl_addr_gen_mode in
// net/ipv6/addrconf.c). It runs in the container.
func (p *Port) allowLinkLocal() error {
	return ensureAll([]setting{{"net/ipv6/conf/" + p.ContainerName + "/addr_gen_mode", "0"}})
}

// has reports whether the port has an address of a family.
func (p *Port) has(family func(netip.Addr) bool) bool {
	return slices.ContainsFunc(p.Addresses, func(a netip.Prefix) bool { return family(a.Addr()) })
}

// addressError tells a link without IPv6 from all else: it is off by the sysctl disable_ipv6
// (EACCES, ipv6_add_addr in net/ipv6/addrconf.c), or the kernel has none.
func addressError(err error, a netip.Prefix, where string) error {
	off := errors.Is(err, unix.EACCES) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT)
	if a.Addr().Is6() && off {
		return &IPv6OffError{fmt.Sprintf("add address %s to %s", a, where)}
	}
	return failure.To("add address "+a.String()+" to "+where, err)
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
