package links

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
)

// Route is a route in the container.
type Route = attachment.Route

// scope is the one that the kernel is told of a route.
func scope(r Route) uint8 {
	switch {
	case r.Scope != nil:
		return uint8(*r.Scope)
	case r.Gateway.IsValid():
		return unix.RT_SCOPE_UNIVERSE
	}
	return unix.RT_SCOPE_LINK
}

// distinct drops routes that the kernel would take for the same one: the first wins.
func distinct(routes []Route) []Route {
	var list []Route
	for _, r := range routes {
		same := func(o Route) bool { return o.Dst == r.Dst && o.Priority == r.Priority && o.Table == r.Table }
		if !slices.ContainsFunc(list, same) {
			list = append(list, r)
		}
	}
	return list
}

// addRoute adds a route beside those that other networks of the container have: theirs stay the
// preferred ones, since a later one of the same priority gets a lower one. At equal priority
// IPv6 would spread the traffic over both, and IPv4 would change from one to the other as
// their gateways' neighbour entries come and go (fib_select_default in net/ipv4/fib_semantics.c).
func addRoute(inside *requests, r Route, index int) error {
	err := inside.addRoute(r, index)
	if !errors.Is(err, unix.EEXIST) {
		return err
	}
	if r.Priority == 0 && r.Dst.Addr().Is6() {
		r.Priority = defaultPriority6
	}
	r.Priority += index
	return inside.addRoute(r, index)
}

// defaultPriority6 is IP6_RT_PRIO_USER (uapi/linux/ipv6_route.h).
const defaultPriority6 = 1024
