package main

import (
	"context"
	"errors"
	"fmt"

	"vethbridge/internal/cni"
	"vethbridge/internal/fence"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// check compares the plan of the attachment with the book and with the kernel, and names
// all that differs.
func check(ctx context.Context, r cni.Request) error {
	cfg, err := decodeConfig(&r)
	if err != nil {
		return err
	}
	if r.Previous == nil {
		return cni.InvalidConfig("prevResult", "", "is required by CHECK")
	}
	ns, err := netns.Open(r.Netns)
	if err != nil {
		return cni.NetnsError(err)
	}
	defer ns.Close()
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.StateError(err)
	}
	defer h.Close()
	var plan Plan
	var fenced []fence.Element
	var translated *nat.Expected
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		if plan, err = recordedPlan(tx, &cfg, &r); err != nil {
			return err
		}
		if fenced, err = fence.Recorded(tx, r.Owner); err != nil {
			return err
		}
		translated, err = nat.Expect(tx, r.Owner, nat.PartVethbridge, &plan.Translations)
		return err
	})
	if err != nil {
		return cni.DriftError(err)
	}
	plan.Port.Container = links.In(ns)
	defer plan.Port.Container.Close()
	err = errors.Join(
		checkResult(&plan, &r),
		h.Links.CheckBridge(ctx, plan.Bridge),
		checkUplink(ctx, h, &cfg),
		h.Links.CheckPort(ctx, plan.Port),
		h.CheckForwarding(plan.Forward),
		checkZone(ctx, h, cfg.Zone, plan.Bridge.GatewayName()),
		h.Fence.Verify(ctx, r.Owner, fenced, plan.Fence),
		h.NAT.Verify(ctx, translated),
	)
	if cfg.IPAM.Kind == IPAMDelegated {
		err = errors.Join(err, cfg.IPAM.Plugin.Check(ctx, r))
	}
	return cni.DriftError(err)
}

func checkZone(ctx context.Context, h *host.Host, zone, bridge string) error {
	if zone == "" {
		return nil
	}
	return h.CheckZone(ctx, bridge, zone)
}

// recordedPlan makes the plan again from the config and the addresses that the book or,
// for a delegated IPAM, the prevResult has.
func recordedPlan(tx *state.Tx, cfg *Config, r *cni.Request) (Plan, error) {
	if _, known, err := tx.Attachment(r.Owner); err != nil {
		return Plan{}, err
	} else if !known {
		return Plan{}, errors.New("check attachment: there is no record of it")
	}
	assignment := delegatedAssignment(r.Previous, r.Netns)
	if cfg.IPAM.Kind != IPAMDelegated {
		leases, err := ipam.Leases(tx, r.Owner)
		if err != nil {
			return Plan{}, err
		}
		if have, want := len(leases), len(cfg.IPAM.BuiltIn.Sets); have != want {
			return Plan{}, fmt.Errorf("check leases: there are %d of %s, want one of each of %d range sets", have, r.Owner, want)
		}
		assignment = builtInAssignment(&cfg.IPAM, leases)
	}
	return newPlan(cfg, r.Owner, &assignment), nil
}

// delegatedAssignment takes the addresses of this attachment back out of the result. Its
// routes hold the planned ones and perhaps others, that later plugins added: CHECK leaves
// routes to the config.
func delegatedAssignment(previous *cni.Result, sandbox string) Assignment {
	var a Assignment
	for _, address := range previous.Addresses {
		if address.Interface == cni.NoInterface || previous.Interfaces[address.Interface].Sandbox == sandbox {
			a.Addresses = append(a.Addresses, Address{Prefix: address.Prefix, Gateway: address.Gateway})
		}
	}
	return a
}

// checkResult wants every planned address in the result that the runtime holds.
func checkResult(plan *Plan, r *cni.Request) error {
	held := map[string]bool{}
	for _, prefix := range r.Previous.AddressesIn(r.Netns) {
		held[prefix.String()] = true
	}
	var missing []error
	for _, prefix := range plan.Port.Addresses {
		if !held[prefix.String()] {
			missing = append(missing, errors.New("check result: prevResult lacks address "+prefix.String()))
		}
	}
	return errors.Join(missing...)
}
