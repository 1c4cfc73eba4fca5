package links

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Scope is a route's scope. The zero Scope leaves the choice to the kernel's rule: link for
// a route without gateway, universe for one with.
type Scope struct {
	set    bool
	number uint8
}

// ScopeOf returns the scope with an rtnetlink(7) number.
func ScopeOf(number int) Scope { return Scope{set: true, number: uint8(number)} }

// Number returns the scope's number, and false for the zero Scope.
func (s Scope) Number() (int, bool) { return int(s.number), s.set }

// Route is a route in the container. Zero fields leave the choice to the kernel.
type Route struct {
	Dst      netip.Prefix
	Gateway  netip.Addr
	MTU      int
	AdvMSS   int
	Priority int
	Table    int
	Scope    Scope
}

// String returns "10.0.0.0/8 via 10.1.0.1".
func (r Route) String() string {
	if !r.Gateway.IsValid() {
		return r.Dst.String()
	}
	return fmt.Sprintf("%s via %s", r.Dst, r.Gateway)
}

// scope is the one that the kernel is told.
func (r Route) scope() uint8 {
	switch n, ok := r.Scope.Number(); {
	case ok:
		return uint8(n)
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
