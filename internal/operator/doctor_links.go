package operator

import (
	"context"
	"errors"
	"strings"

	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
)

// living are the records of the attachments that live.
func (s *session) living(ctx context.Context) ([]state.Attachment, error) {
	records, err := s.host.Attachments(ctx, s.network)
	var list []state.Attachment
	for _, a := range records {
		if life, _ := s.host.Liveness(&a); life == host.Alive {
			list = append(list, a)
		}
	}
	return list, err
}

const (
	cutOff        topic = "a-container-is-cut-off"
	linkChanged   topic = "a-link-is-not-as-it-was-made"
	insideChanged topic = "an-interface-in-a-container-is-not-as-it-was-made"
)

// ports are both ends of links. One whose bridge is gone is not named beside the bridge.
func ports(ctx context.Context, s *session) error {
	records, err := s.living(ctx)
	for i := range records {
		a := &records[i]
		if _, gone := s.host.Links.Uplink(a.Bridge); gone != nil {
			continue
		}
		onHost, inside := s.host.Differences(a)
		what := a.Owner.String() + ": " + words(onHost)
		switch {
		case onHost == nil:
		case strings.HasSuffix(what, " is missing"):
			s.problem(cutOff, what, "make the container again")
			continue // its other end went with it
		case !a.Known():
			s.problem(cutOff, what, "set it up if it is only down; else make the container again: its record was rebuilt, and does not say how the link was")
		default:
			s.problem(linkChanged, what, "", s.own("repair"))
		}
		if inside != nil {
			s.problem(insideChanged, a.Owner.String()+": "+words(inside), "if it was not the container itself that changed it; or make the container again", cures(a, inside)...)
		}
	}
	return err
}

// words are the findings of a check, in one line.
func words(err error) string {
	return strings.ReplaceAll(strings.Join(messages(err), "; "), "check links: ", "")
}

// cures are the commands for what differs in a container.
func cures(a *state.Attachment, err error) (run []string) {
	for _, e := range single(err) {
		var inside *links.InsideError
		if errors.As(e, &inside) {
			run = append(run, "nsenter --net="+a.Netns.Path+" "+inside.Command)
		}
	}
	return run
}

// lostGateways are addresses that somebody has taken from a bridge, or that went as IPv6 was turned off there.
func lostGateways(ctx context.Context, s *session) error {
	lost, err := s.host.LostGateways(ctx)
	for _, gateway := range lost {
		var run []string
		if off := "net/ipv6/conf/" + gateway.Link + "/disable_ipv6"; gateway.Address.Addr().Is6() && number(off) == 1 {
			run = append(run, set(off, "0"))
		}
		s.problem("a-bridge-has-lost-its-address", gateway.String()+", by which its containers reach everything else", "",
			append(run, s.own("repair"))...)
	}
	return err
}

// loopback is the way from 127.0.0.1 to published ports.
func loopback(ctx context.Context, s *session) error {
	records, err := s.living(ctx)
	var devices []string
	for _, a := range records {
		devices = append(devices, a.LocalhostVia)
	}
	for _, device := range distinct(devices) {
		if on, err := s.host.Links.RouteLocalnet(device); err == nil && !on {
			key := "net/ipv4/conf/" + device + "/route_localnet"
			s.problem("published-ports-do-not-answer-on-127001", dotted(key)+" is 0: published ports do not answer on 127.0.0.1", "", set(key, "1"))
		}
	}
	return err
}
