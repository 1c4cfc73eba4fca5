package main

import (
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/cni"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

// Plan is what an attachment gets from natport: a plain value that follows from config
// and previous result alone.
type Plan struct {
	Translations nat.Translations
	// Localhost is the IPv4 address of the container that clients on the host's 127.0.0.1
	// are led to; invalid if there is no such mapping.
	Localhost netip.Addr
	// Ports are the host's ends of the attachment in the previous result, which may need
	// hairpin mode.
	Ports []string
}

func newPlan(cfg Config, r *cni.Request) (Plan, error) {
	addresses := r.Previous.AddressesIn(r.Netns)
	for _, a := range addresses {
		if !a.Addr().IsGlobalUnicast() && !a.Addr().IsLinkLocalUnicast() {
			return Plan{}, &cni.Error{Code: cni.CodeConfig, Message: "validate prevResult: " + a.String() + " is not a unicast address of the container"}
		}
	}
	if len(addresses) == 0 && len(cfg.Ports) > 0 {
		return Plan{}, errNoAddress
	}
	translations, err := nat.Translate(nat.Request{
		Addresses: addresses, Ports: cfg.Ports, Leave: cfg.Leave, Hairpin: cfg.SNAT, Mark: cfg.Mark, HideClients: cfg.HideClients,
	})
	if err != nil {
		return Plan{}, natError(err)
	}
	plan := Plan{Translations: translations, Localhost: localhostTarget(translations.Mappings)}
	if len(translations.Mappings) > 0 {
		plan.Ports = hostEnds(r.Previous)
	}
	return plan, nil
}

func localhostTarget(list []nat.Mapping) (target netip.Addr) {
	for _, m := range list {
		if m.FromLocalhost() {
			target = m.Target.Addr()
		}
	}
	return target
}

// chosenPlan is the plan with a host port for each that the config leaves open, the one that
// the book has for the owner or one that is free.
func chosenPlan(tx *state.Tx, plan Plan, cfg Config, r *cni.Request, busy func(nat.Port) bool) (_ Plan, err error) {
	if slices.ContainsFunc(cfg.Ports, func(p nat.Port) bool { return p.HostPort == 0 }) {
		if cfg.Ports, err = nat.Choose(tx, r.Owner, nat.PartNatport, cfg.Ports, cfg.ChooseFrom, busy); err != nil {
			return Plan{}, err
		}
		if plan, err = newPlan(cfg, r); err != nil {
			return Plan{}, err
		}
	}
	return plan, nil
}

// notElsewhere is the plan without the ports that lead to the container by another of its networks.
func notElsewhere(tx *state.Tx, plan Plan, owner attachment.Owner, ns state.Netns) (_ Plan, err error) {
	plan.Translations.Mappings, err = nat.NotElsewhere(tx, owner, ns, plan.Translations.Mappings)
	plan.Localhost = localhostTarget(plan.Translations.Mappings)
	return plan, err
}

func hostEnds(previous *cni.Result) []string {
	var names []string
	for _, i := range previous.Interfaces {
		if i.Sandbox == "" && cni.ValidLinkName(i.Name) {
			names = append(names, i.Name)
		}
	}
	return names
}
