package main

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/netns"
	"vethbridge/internal/steps"
	"vethbridge/internal/sysctl"
	"vethbridge/pkg/nat"
)

// adding is an ADD under way.
type adding struct {
	host   *host.Host
	req    cni.Request
	cfg    Config
	ns     *netns.Namespace
	inside *links.Container // in ns

	backend   nat.Kind // that holds the translations
	plan      Plan
	alone     bool // on the bridge, which then gets the MTU that is wanted now
	first     bool // for whom the bridge is let through
	bridge    links.Link
	vlan      []cni.Interface // that carries the gateway; none if the bridge does
	hostEnd   links.Link
	container links.Link
}

// add validates everything, and only then begins to change things.
func add(ctx context.Context, r cni.Request) (cni.Result, error) {
	cfg, err := decodeConfig(&r)
	if err != nil {
		return cni.Result{}, err
	}
	ns, err := netns.Open(r.Netns)
	if err != nil {
		return cni.Result{}, cni.NetnsError(err)
	}
	defer ns.Close()
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.Result{}, cni.StateError(err)
	}
	defer h.Close()
	a := &adding{host: h, req: r, cfg: cfg, ns: ns, inside: links.In(ns)}
	defer a.inside.Close()
	if cfg.Leave.Masquerade {
		if a.backend, err = h.Backend(ctx, cfg.Backend); err != nil {
			return cni.Result{}, cniError(err)
		}
	}
	err = h.Exclusively(ctx, r.Owner, func() error { return steps.Run(ctx, r.Log, a.steps()) })
	if err != nil {
		return cni.Result{}, cniError(err)
	}
	result := a.plan.result(a.bridge, a.hostEnd, a.container, r.Netns)
	result.Interfaces = append(result.Interfaces, a.vlan...)
	return result, nil
}

// steps are what ADD does, in order. All that carries the owner, and its share of what the book says is
// shared, is taken back by one Release, which undoes the claim. The bridge has an undo of its own, since
// Release leaves one that is to stay after its last attachment; so have its ports, the uplink among them, without which
// it goes, and what an IPAM plugin gave.
func (a *adding) steps() []steps.Step {
	claim := steps.Step{Name: "claim addresses", Do: a.claim, Undo: func(ctx context.Context) error {
		return a.host.Release(ctx, a.req.Owner)
	}}
	attach := steps.Step{Name: "attach port", Do: a.attachPort, Undo: func(ctx context.Context) error {
		return a.host.Links.DeletePort(ctx, a.plan.Port.HostName, a.plan.Port.Mark)
	}}
	fencing := steps.Step{Name: "fence port", Do: func(ctx context.Context) error {
		return a.host.Fence.Apply(ctx, a.req.Owner)
	}}
	if a.cfg.IPAM.Kind == IPAMDelegated {
		return slices.Concat([]steps.Step{claim, a.bridgeStep()}, a.uplinkSteps(), []steps.Step{fencing, attach,
			{Name: "ask IPAM plugin", Do: a.delegate, Undo: func(ctx context.Context) error {
				return a.cfg.IPAM.Plugin.Del(ctx, a.req)
			}},
			a.bridgeStep(), fencing, a.forwardingStep(), a.zoneStep(), a.acceptStep(), {Name: "configure port", Do: func(context.Context) error {
				return a.host.Links.ConfigurePort(a.port())
			}},
		}, a.lastSteps())
	}
	return slices.Concat([]steps.Step{claim, a.bridgeStep()}, a.uplinkSteps(), []steps.Step{fencing, a.forwardingStep(), a.zoneStep(), a.acceptStep(), attach}, a.lastSteps())
}

// bridgeStep undoes what it did itself: with a delegated IPAM it comes twice, and only the
// second time there are gateway addresses.
func (a *adding) bridgeStep() steps.Step {
	var st links.BridgeState
	return steps.Step{
		Name: "set up bridge",
		Do: func(ctx context.Context) (err error) {
			st, err = a.useBridge(ctx)
			return err
		},
		Undo: func(ctx context.Context) error { return a.host.UndoBridge(ctx, a.plan.Bridge, st, a.req.Owner) },
	}
}

func (a *adding) forwardingStep() steps.Step {
	return steps.Step{
		Name: "enable forwarding",
		Do:   func(ctx context.Context) error { return a.host.EnableForwarding(ctx, a.plan.Forward) },
	}
}

func (a *adding) acceptStep() steps.Step {
	return steps.Step{
		Name: "accept forwarding",
		Do: func(ctx context.Context) error {
			if !a.cfg.AcceptForward {
				return nil
			}
			return a.host.AcceptForwarding(ctx, a.plan.Bridge.GatewayName(), a.plan.Forward, a.first)
		},
	}
}

func (a *adding) zoneStep() steps.Step {
	return steps.Step{
		Name: "assign zone",
		Do: func(ctx context.Context) error {
			if a.cfg.Zone == "" {
				return nil
			}
			return a.host.AssignZone(ctx, a.plan.Bridge.GatewayName(), a.cfg.Zone)
		},
	}
}

func (a *adding) lastSteps() []steps.Step {
	return []steps.Step{
		{Name: "masquerade network", Do: func(ctx context.Context) error {
			if a.plan.Translations.Empty() {
				return nil
			}
			return a.host.NAT.Apply(ctx, a.req.Owner, nat.PartVethbridge)
		}},
		{Name: "restore rules of others", Do: func(ctx context.Context) error {
			if !a.plan.Translations.Empty() && a.cfg.Backend == masquerade.Nftables {
				return nil // they came back with ours
			}
			return a.host.HealTranslations(ctx)
		}},
		{Name: "announce addresses", Do: a.announce},
	}
}

// announce is for neighbours that remember a former holder of an address. Where /proc/sys is
// read-only they find out by themselves: with its address, the next holder gets its MAC address.
func (a *adding) announce(ctx context.Context) error {
	err := a.host.Links.Announce(ctx, a.port())
	var readOnly *sysctl.Error
	if errors.As(err, &readOnly) {
		a.req.Log.WarnContext(ctx, "the addresses are not announced", "err", err)
		return nil
	}
	return err
}

func (a *adding) useBridge(ctx context.Context) (st links.BridgeState, err error) {
	a.plan.Bridge.First = a.alone
	if a.alone {
		if a.plan.Bridge.MTU, err = a.host.Links.BridgeMTU(a.plan.Bridge); err != nil {
			return st, err
		}
	}
	st, err = a.host.UseBridge(ctx, a.plan.Bridge, a.cfg.IPAM.gateways(), a.req.Owner)
	a.bridge, a.vlan = st.Link, vlanInterface(&a.cfg, &st)
	return st, err
}

func (a *adding) attachPort(ctx context.Context) (err error) {
	if bytes.Equal(a.bridge.MAC, a.plan.Port.MAC) {
		return &bridgeMACError{a.bridge.Name, a.bridge.MAC}
	}
	a.hostEnd, a.container, err = a.host.Links.AddPort(ctx, a.port())
	return err
}

// port is the planned port with what the running kernel adds: the namespace, and the
// bridge's MTU where the config leaves it open.
func (a *adding) port() links.Port {
	port := a.plan.Port
	port.Container = a.inside
	if port.MTU == 0 {
		port.MTU = a.bridge.MTU
	}
	return port
}
