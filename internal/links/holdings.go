package links

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Holdings are the addresses and routes of a link, each as the kernel said it: a message of
// rtnetlink(7) without its header. So metrics, preferred sources, lifetimes and whatever
// later kernels add stay the same on another link. Link-local IPv6 addresses, and the routes
// of the table "local", are not among them: the kernel makes those for every link.
type Holdings struct {
	Addresses []HeldAddress `json:"addresses,omitempty"`
	Routes    []HeldRoute   `json:"routes,omitempty"`
}

// MultipathError says that a route has several next hops, so that it can't follow one link.
type MultipathError struct{ Route, Link string }

func (e *MultipathError) Error() string {
	return fmt.Sprintf("route %s of %s has several next hops or a next-hop object", e.Route, e.Link)
}

// Holdings lists what a link holds. A route that can't be moved is a *MultipathError.
func (h *Host) Holdings(link Link) (Holdings, error) {
	addresses, err := h.raw.heldAddresses(link.Index)
	if err != nil {
		return Holdings{}, failure.To("list addresses of "+link.Name, err)
	}
	held := Holdings{Addresses: addresses}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		routes, err := h.raw.heldRoutes(family, link)
		if err != nil {
			return Holdings{}, failure.To("list routes of "+link.Name, err)
		}
		held.Routes = append(held.Routes, routes...)
	}
	// The kernel takes a gateway only where it can reach it.
	sort.SliceStable(held.Routes, func(i, j int) bool { return held.Routes[i].hops() < held.Routes[j].hops() })
	return held, nil
}

// Learned lists what a link holds from router advertisements.
func (h *Host) Learned(link Link) (Holdings, error) {
	held, err := h.Holdings(link)
	held.Addresses = slices.DeleteFunc(held.Addresses, func(a HeldAddress) bool { return !a.is6() || a.endless() })
	held.Routes = slices.DeleteFunc(held.Routes, func(r HeldRoute) bool { return r[routeProtocol] != unix.RTPROT_RA })
	return held, err
}

// AddAddresses gives a link addresses that it may have already. It does not wait for
// duplicate address detection: another link of this host had them until now.
func (h *Host) AddAddresses(link Link, list []HeldAddress) error {
	for _, a := range inOrder(list) {
		_, err := h.raw.do(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, a.on(link, unix.IFA_F_NODAD)...)
		if errors.Is(err, unix.EEXIST) {
			continue
		}
		if err == nil && a.is6() { // the flags that it had
			_, err = h.raw.do(unix.RTM_NEWADDR, unix.NLM_F_REPLACE|unix.NLM_F_ACK, a.on(link, 0)...)
		}
		if err != nil {
			return failure.To("add address "+a.String()+" to "+link.Name, err)
		}
	}
	return nil
}

// inOrder returns addresses in the order that leads to the order of the list: the kernel
// puts the later IPv6 address of a scope first (ipv6_link_dev_addr in net/ipv6/addrconf.c).
func inOrder(list []HeldAddress) []HeldAddress {
	var four, six []HeldAddress
	for _, a := range list {
		if a.is6() {
			six = append([]HeldAddress{a}, six...)
		} else {
			four = append(four, a)
		}
	}
	return append(four, six...)
}

// DropAddresses takes addresses from a link, the last added first: secondary ones would go
// with their primary, and whatever is left stands in its place if AddAddresses completes it
// again. One that is gone is no error.
func (h *Host) DropAddresses(link Link, list []HeldAddress) error {
	for _, a := range slices.Backward(inOrder(list)) {
		_, err := h.raw.do(unix.RTM_DELADDR, unix.NLM_F_ACK, a.on(link, 0)...)
		if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return failure.To("remove address "+a.String()+" from "+link.Name, err)
		}
	}
	return nil
}

// AddRoutes gives a link routes that it may have already, behind those of other links.
func (h *Host) AddRoutes(link Link, list []HeldRoute) error {
	for _, r := range list {
		_, err := h.raw.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_APPEND|unix.NLM_F_ACK, r.on(link)...)
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return failure.To("add route "+r.String()+" by "+link.Name, err)
		}
	}
	return nil
}

// DropRoutes takes routes from a link. One that is gone is no error.
func (h *Host) DropRoutes(link Link, list []HeldRoute) error {
	for _, r := range slices.Backward(list) {
		_, err := h.raw.do(unix.RTM_DELROUTE, unix.NLM_F_ACK, r.on(link)...)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return failure.To("remove route "+r.String()+" by "+link.Name, err)
		}
	}
	return nil
}

// Lasting returns the addresses with the lifetimes that they have on either link now,
// without those that are over.
func (h *Host) Lasting(list []HeldAddress, on ...Link) ([]HeldAddress, error) {
	var current []HeldAddress
	for _, link := range on {
		held, err := h.raw.heldAddresses(link.Index)
		if err != nil {
			return nil, failure.To("list addresses of "+link.Name, err)
		}
		current = append(current, held...)
	}
	var lasting []HeldAddress
	for _, a := range list {
		if now, ok := a.lasting(current); ok {
			lasting = append(lasting, now)
		}
	}
	return lasting, nil
}
