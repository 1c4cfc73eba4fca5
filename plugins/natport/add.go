package main

import (
	"context"
	"errors"
	"fmt"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/netns"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/steps"
	"vethbridge/pkg/nat"
)

// adding is an ADD under way.
type adding struct {
	host   *host.Host
	req    cni.Request
	ns     *netns.Namespace
	cfg    Config
	plan   Plan
	busy   busyPorts
	by     nat.Kind // the backend that holds the translations
	device string   // by which localhost reaches the container; empty if it need not
	shared bool     // another network of the container has some of the ports
}

// add validates everything, and only then begins to change things. It passes the
// previous result on.
func add(ctx context.Context, r cni.Request) (cni.Result, error) {
	cfg, err := decodeConfig(&r)
	if err != nil {
		return cni.Result{}, err
	}
	if r.Previous == nil {
		return cni.Result{}, errNoPrevious
	}
	plan, err := newPlan(cfg, &r)
	if err != nil {
		return cni.Result{}, err
	}
	ns, err := netns.Open(r.Netns)
	if err != nil {
		return cni.Result{}, cni.NetnsError(err)
	}
	defer ns.Close()
	if plan.Translations.Empty() {
		return r.Previous.PassedOn(), nil
	}
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		return cni.Result{}, cni.StateError(err)
	}
	defer h.Close()
	a := &adding{host: h, req: r, ns: ns, cfg: cfg, plan: plan, busy: busyPorts{}}
	if err := a.resolve(ctx); err != nil {
		return cni.Result{}, natError(err)
	}
	err = h.Exclusively(ctx, r.Owner, func() error { return steps.Run(ctx, r.Log, a.steps()) })
	if err != nil {
		return cni.Result{}, natError(err)
	}
	return r.Previous.PassedOn(), nil
}

// resolve finds out what depends on the host, without a change.
func (a *adding) resolve(ctx context.Context) (err error) {
	if a.by, err = a.host.Backend(ctx, a.cfg.Backend); err != nil {
		return err
	}
	if a.cfg.StrictHostIP {
		if a.cfg, err = a.cfg.resolved(a.host); err != nil {
			return err
		}
		if a.plan, err = newPlan(a.cfg, &a.req); err != nil {
			return err
		}
	}
	if err := a.host.TryConditions(ctx, a.by, a.plan.Translations.Mappings); err != nil {
		return &cni.Error{Code: cni.CodeConfig, Message: "validate config: " + err.Error(), Cause: err}
	}
	return nil
}

// steps are what ADD does, in order. The claim's undo takes back all of it by owner.
func (a *adding) steps() []steps.Step {
	return []steps.Step{
		{Name: "find way to container", Do: a.findDevice},
		{Name: "claim host ports", Do: a.claim, Undo: func(ctx context.Context) error {
			return a.host.ReleasePorts(ctx, a.req.Owner)
		}},
		{Name: "look for listening processes", Do: a.refuseListeners},
		{Name: "load translations", Do: func(ctx context.Context) error {
			return a.host.NAT.Apply(ctx, a.req.Owner, nat.PartNatport)
		}},
		{Name: "allow localhost", Do: a.allowLocalhost},
		{Name: "enable hairpin", Do: func(ctx context.Context) error {
			return a.host.EnableHairpin(ctx, a.plan.Ports)
		}},
		{Name: "drop stale connections", Do: func(ctx context.Context) error {
			a.host.DropConnections(ctx, withoutTCP(a.plan.Translations.Mappings))
			return nil
		}},
	}
}

// withoutTCP leaves out mappings by whose making no connection becomes wrong: a TCP client
// begins with a new connection, and one that is under way is with a socket of the host. It
// saves a walk through the kernel's whole table (5 ms).
func withoutTCP(mappings []nat.Mapping) (others []nat.Mapping) {
	for i := range mappings {
		if mappings[i].Protocol != nat.TCP {
			others = append(others, mappings[i])
		}
	}
	return others
}

func (a *adding) findDevice(context.Context) error {
	if !a.plan.Localhost.IsValid() {
		return nil
	}
	link, err := a.host.Links.RouteDevice(a.plan.Localhost)
	a.device = link.Name
	return err
}

// claim enters translations and ports in the book, but for those that the container has by another of
// its networks, for which it is looked only once one is taken. A dead holder of a port is released first.
func (a *adding) claim(ctx context.Context) error {
	for {
		err := a.enter(ctx)
		var taken *nat.PortTakenError
		if !errors.As(err, &taken) {
			a.reportChosen(ctx)
			return err
		}
		if taken.Holder == a.req.Owner {
			return &cni.Error{Code: cni.CodeConfig, Cause: err, Message: fmt.Sprintf(
				"validate config: host port %s is asked for twice, also as %s", taken.Mapping, taken.Held)}
		}
		if taken.Holder.ContainerID == a.req.Owner.ContainerID && !a.shared {
			a.shared = true
			continue
		}
		freed, reclaimErr := a.host.ReclaimHolder(ctx, taken.Holder)
		if reclaimErr != nil || !freed {
			return errors.Join(err, reclaimErr)
		}
	}
}

// reportChosen logs which ports were chosen: the result has no place for them.
func (a *adding) reportChosen(ctx context.Context) {
	for _, p := range a.cfg.Ports {
		if p.HostPort != 0 {
			continue
		}
		for _, m := range a.plan.Translations.Mappings {
			if one, ok := m.To(p.ContainerPort); ok && m.Protocol == p.Protocol {
				a.req.Log.InfoContext(ctx, "chose host port", "mapping", one.String())
			}
		}
	}
}

func (a *adding) enter(ctx context.Context) error {
	owner := a.req.Owner
	return a.host.Store.Update(ctx, func(tx *state.Tx) (err error) {
		a.host.AvoidCrowd(tx)
		if err := host.CheckAddresses(tx, owner, a.req.Previous.AddressesIn(a.req.Netns)); err != nil {
			return err
		}
		if a.plan, err = chosenPlan(tx, a.plan, a.cfg, &a.req, a.busy.has); err != nil {
			return err
		}
		if a.shared {
			if a.plan, err = notElsewhere(tx, a.plan, owner, a.ns.Identity()); err != nil {
				return err
			}
		}
		record, _, err := tx.Attachment(owner)
		if err != nil {
			return err
		}
		a.renew(tx, record)
		if err := a.useLocalhost(tx, record); err != nil {
			return err
		}
		if err := tx.PutAttachment(*record); err != nil {
			return err
		}
		return nat.Claim(tx, owner, nat.PartNatport, a.by, a.plan.Translations)
	})
}

// renew makes a record, or one that a former life of the container has left, that of this one. Behind another plugin nobody
// else does.
func (a *adding) renew(tx *state.Tx, record *state.Attachment) {
	if record.BootID == tx.BootID() && record.Netns == a.ns.Identity() {
		return
	}
	record.Owner, record.BootID, record.Netns, record.Created = a.req.Owner, tx.BootID(), a.ns.Identity(), state.Now()
}

// useLocalhost enters the device in the record, and leaves one of a former ADD.
func (a *adding) useLocalhost(tx *state.Tx, record *state.Attachment) error {
	if record.LocalhostVia != "" && record.LocalhostVia != a.device {
		if err := shared.Leave(tx, record, host.Localhost(record.LocalhostVia)); err != nil {
			return err
		}
	}
	record.LocalhostVia = a.device
	if a.device == "" {
		return nil
	}
	return shared.Use(tx, record, host.Localhost(a.device))
}

func (a *adding) allowLocalhost(ctx context.Context) error {
	if a.device == "" {
		return nil
	}
	return a.host.AllowLocalhost(ctx, a.device)
}
