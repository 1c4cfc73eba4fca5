package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/cni"
	"vethbridge/internal/fence"
	"vethbridge/internal/host"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// attachedError says that the owner has a record already, with the addresses in it.
type attachedError struct {
	leases []ipam.Lease
}

func (e *attachedError) Error() string { return "the container is attached already" }

// claim gets the addresses and enters the attachment in the book. What stands in the way
// and is dead is released first: a half-made attachment of the same owner, dead holders
// of the address or of the whole range.
func (a *adding) claim(ctx context.Context) error {
	err := a.enter(ctx)
	freed, reclaimErr := a.makeRoom(ctx, err)
	if reclaimErr != nil || !freed {
		return errors.Join(err, reclaimErr)
	}
	return a.enter(ctx)
}

// enter makes the record of the attachment in one transaction, with the addresses if they
// are ours to give.
func (a *adding) enter(ctx context.Context) error {
	return a.host.Store.Update(ctx, func(tx *state.Tx) error {
		a.host.AvoidCrowd(tx)
		if err := a.refuseKnown(tx); err != nil {
			return err
		}
		var assignment Assignment
		if a.cfg.IPAM.Kind == IPAMBuiltIn {
			leases, err := ipam.Allocate(tx, a.cfg.IPAM.request(a.req.Owner))
			if err != nil {
				return err
			}
			assignment = builtInAssignment(&a.cfg.IPAM, leases)
		}
		return a.record(tx, &assignment)
	})
}

// delegate asks the IPAM plugin, outside of any transaction, and completes the record with
// what follows from its answer.
func (a *adding) delegate(ctx context.Context) error {
	result, err := a.cfg.IPAM.Plugin.Add(ctx, a.req)
	if err != nil {
		return err
	}
	err = errors.New("the IPAM plugin gave no address")
	if len(result.Addresses) > 0 {
		assigned := assignmentOf(&result, a.cfg.IsGateway)
		err = a.host.Store.Update(ctx, func(tx *state.Tx) error { return a.record(tx, &assigned) })
	}
	if err != nil {
		return errors.Join(err, a.cfg.IPAM.Plugin.Del(ctx, a.req))
	}
	return nil
}

// record makes the plan and enters the attachment, its use of what is shared, and its
// translations.
func (a *adding) record(tx *state.Tx, assignment *Assignment) error {
	owner := a.req.Owner
	a.plan = newPlan(&a.cfg, owner, assignment)
	record := state.Attachment{
		Owner: owner, BootID: tx.BootID(), Netns: a.ns.Identity(),
		HostLink: a.plan.Port.HostName, Bridge: a.cfg.Bridge, Uplink: a.cfg.Uplink, GatewayLink: a.cfg.gatewayLink(), RemoveBridge: a.cfg.RemoveBridge, Created: state.Now(),
		Port: a.plan.Port.Port, Promisc: a.plan.Bridge.Promisc, VLANFiltering: a.plan.Bridge.VLANFiltering,
	}
	before, _, err := tx.Attachment(owner) // of the same ADD: without the addresses of an IPAM plugin
	record.Shares = before.Shares
	used, err2 := host.Bridge(a.cfg.Bridge).UsedByOthers(tx, &record)
	accepted, err3 := host.Accepted(a.plan.Bridge.GatewayName()).UsedByOthers(tx, &record)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	a.alone, a.first = !used, !accepted
	if err := host.ClaimMAC(tx, &record, a.plan.Port.MAC); err != nil {
		return err
	}
	if err := shared.Use(tx, &record, a.shared()...); err != nil {
		return err
	}
	if err := tx.PutAttachment(record); err != nil {
		return err
	}
	unrouted, err := a.host.Unrouted(tx, a.plan.Forward, a.cfg.Bridge, a.cfg.Uplink)
	if err != nil {
		return err
	}
	if err := fence.Claim(tx, owner, slices.Concat(a.plan.Fence, unrouted)); err != nil {
		return err
	}
	return nat.Claim(tx, owner, nat.PartVethbridge, a.backend, a.plan.Translations)
}

// shared lists what the attachment has in common with others.
func (a *adding) shared() []shared.Object {
	objects := append(a.plan.Forward.Objects(), host.Bridge(a.cfg.Bridge))
	if a.cfg.AcceptForward && len(objects) > 1 {
		objects = append(objects, host.Accepted(a.plan.Bridge.GatewayName()))
	}
	if a.cfg.Zone != "" {
		objects = append(objects, host.Zoned(a.plan.Bridge.GatewayName()))
	}
	if a.cfg.Uplink != "" {
		objects = append(objects, host.UplinkObject(a.cfg.Uplink))
	}
	if link := a.cfg.gatewayLink(); link != "" {
		objects = append(objects, host.VLANLink(link))
	}
	return objects
}

func (a *adding) refuseKnown(tx *state.Tx) error {
	_, known, err := tx.Attachment(a.req.Owner)
	if err != nil || !known {
		return err
	}
	leases, err := ipam.Leases(tx, a.req.Owner)
	return errors.Join(&attachedError{leases}, err)
}

// makeRoom releases what is dead and in the way of a claim that failed with err, and
// reports whether it is worth another try.
func (a *adding) makeRoom(ctx context.Context, err error) (bool, error) {
	var attached *attachedError
	var taken *ipam.TakenError
	var exhausted *ipam.ExhaustedError
	var mac *host.MACTakenError
	switch {
	case errors.As(err, &attached):
		if a.complete(ctx, attached.leases) {
			return false, nil
		}
		return true, a.host.Release(ctx, a.req.Owner)
	case errors.As(err, &taken):
		return a.host.ReclaimHolder(ctx, taken.Holder)
	case errors.As(err, &mac):
		return a.host.ReclaimHolder(ctx, mac.Holder)
	case errors.As(err, &exhausted):
		return a.host.MakeRoom(ctx, a.req.Owner.Network)
	}
	return false, nil
}

// complete reports whether the recorded attachment is in place, in this namespace.
func (a *adding) complete(ctx context.Context, leases []ipam.Lease) bool {
	assigned := builtInAssignment(&a.cfg.IPAM, leases)
	plan := newPlan(&a.cfg, a.req.Owner, &assigned)
	plan.Port.Container = a.inside
	return a.host.Links.CheckPort(ctx, plan.Port) == nil
}

func (s IPAM) request(owner attachment.Owner) ipam.Request {
	return ipam.Request{Owner: owner, Sets: s.BuiltIn.Sets, Wanted: s.Wanted, AllowOverlap: s.BuiltIn.AllowOverlap}
}

func builtInAssignment(source *IPAM, leases []ipam.Lease) Assignment {
	a := Assignment{DNS: source.DNS}
	for _, l := range leases {
		if !l.Gateway.IsValid() {
			l.Gateway = gatewayOf(source.BuiltIn.Sets, l.Address) // of a lease that was rebuilt
		}
		a.Addresses = append(a.Addresses, Address{Prefix: l.Address, Gateway: l.Gateway})
	}
	for _, r := range source.BuiltIn.Routes {
		a.Routes = append(a.Routes, builtInRoute(r))
	}
	return a
}

func gatewayOf(sets []ipam.RangeSet, address netip.Prefix) netip.Addr {
	for _, r := range slices.Concat(sets...) {
		if r.Subnet == address.Masked() {
			return r.Gateway
		}
	}
	return netip.Addr{}
}

// gateways are those of all ranges; nil if only an IPAM plugin knows them.
func (s IPAM) gateways() []netip.Prefix {
	if s.Kind == IPAMDelegated {
		return nil
	}
	list := []netip.Prefix{}
	for _, r := range slices.Concat(s.BuiltIn.Sets...) {
		if r.Gateway.IsValid() {
			list = append(list, netip.PrefixFrom(r.Gateway, r.Subnet.Bits()))
		}
	}
	return list
}

func builtInRoute(r ipam.Route) cni.Route {
	route := cni.Route{Dst: r.Destination, Gateway: r.Gateway, MTU: r.MTU, AdvMSS: r.AdvMSS, Priority: r.Priority}
	if r.Table != 0 {
		route.Table = &r.Table
	}
	if r.Scope != ipam.ScopeUnset {
		route.Scope = &r.Scope
	}
	return route
}

// assignmentOf is what an IPAM plugin gives. Where the bridge is to be a gateway and the plugin names
// none, it is the first address of the subnet, as with the reference bridge plugin.
func assignmentOf(r *cni.Result, isGateway bool) Assignment {
	a := Assignment{Routes: r.Routes, DNS: r.DNS}
	for _, given := range r.Addresses {
		address := Address{Prefix: given.Prefix, Gateway: given.Gateway}
		first := given.Prefix.Masked().Addr().Next()
		if isGateway && !address.Gateway.IsValid() && first != given.Prefix.Addr() && given.Prefix.Contains(first) {
			address.Gateway = first
		}
		a.Addresses = append(a.Addresses, address)
	}
	return a
}
