package links

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// completionLimit is how long Announce waits for IPv6 addresses to work. It is for machines that can't keep up: there the addresses come to work after the ADD.
const completionLimit = 2 * time.Second

// awaitCompletion waits until the container answers for its IPv6 addresses. The kernel takes a new address and says so at
// once, and leaves the rest to a worker of its own: the group in which neighbours ask for the address, and the route
// by which its packets are its own (addrconf_dad_work in net/ipv6/addrconf.c). That is done by now, but on a busy machine;
// there the first packet would be lost, and a connection would take a second. Detection of duplicates takes longer
// than anybody waits.
func (r *requests) awaitCompletion(ctx context.Context, p *Port) {
	if p.DAD {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, completionLimit)
	defer cancel()
	for _, a := range p.Addresses {
		for pause := 50 * time.Microsecond; a.Addr().Is6() && !r.local(a.Addr()) && ctx.Err() == nil; pause = min(2*pause, 5*time.Millisecond) {
			time.Sleep(pause)
		}
	}
}

// local reports whether an address is one to which packets are delivered here. Its route comes after its group.
func (r *requests) local(a netip.Addr) bool {
	route, err := r.routeTo(a)
	return err == nil && route[routeType] == unix.RTN_LOCAL
}
