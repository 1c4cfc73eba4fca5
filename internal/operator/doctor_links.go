package operator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
)

// living are the records of the attachments that live.
func (s *session) living(ctx context.Context) ([]*state.Attachment, error) {
	records, err := s.host.Attachments(ctx, s.network)
	var list []*state.Attachment
	for _, a := range records {
		if life, _ := s.host.Liveness(a); life == host.Alive {
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
	for _, a := range records {
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

// loopback is the way from 127.0.0.1 to published ports, which is open to containers while there is no guard before it.
func loopback(ctx context.Context, s *session) error {
	records, err := s.living(ctx)
	var devices []string
	for _, a := range records {
		devices = append(devices, a.LocalhostVia)
	}
	for _, device := range distinct(devices) {
		key := "net/ipv4/conf/" + device + "/route_localnet"
		on, err := s.host.Links.RouteLocalnet(device)
		switch {
		case err != nil:
		case !on:
			s.problem("published-ports-do-not-answer-on-127001", dotted(key)+" is 0: published ports do not answer on 127.0.0.1", "", set(key, "1"))
		case s.unguarded(ctx):
			s.problem("containers-reach-the-hosts-loopback", "containers on "+device+" reach what listens on the host's 127.0.0.1: "+dotted(key)+" is 1, and the guard before it is gone",
				"if that can't be: "+set(key, "0"), s.own("repair"))
		}
	}
	return err
}

// unguarded reports whether rules are missing that keep others from the host's loopback, in either backend's words.
func (s *session) unguarded(ctx context.Context) bool {
	for _, difference := range messages(s.translations(ctx)) {
		if part := strings.ToLower(difference); strings.Contains(part, ": table ") || strings.Contains(part, "guard") {
			return true
		}
	}
	return false
}

// ways lead from the host to containers. While a gateway is lost, there is none.
func ways(ctx context.Context, s *session) error {
	bridges, err := s.host.RecordedBridges(ctx)
	if err != nil {
		return err
	}
	records, err := s.living(ctx)
	for _, b := range bridges {
		link, failed := s.host.Links.Describe(b.GatewayName())
		if failed != nil || !link.Up {
			continue // bridges and lostGateways have said so
		}
		for _, a := range records {
			if a.Gateway() == b.GatewayName() {
				s.ways(a, link.Addresses)
			}
		}
	}
	return err
}

func (s *session) ways(a *state.Attachment, gateways []netip.Prefix) {
	for _, p := range a.Port.Addresses {
		address, near := p.Addr(), false
		for _, g := range gateways {
			near = near || g.Masked() == p.Masked()
		}
		if by, err := s.host.Links.RouteDevice(address); near && (err != nil || by.Name != a.Gateway()) {
			s.problem("the-host-reaches-a-container-elsewhere", fmt.Sprintf("the host reaches %s of %s by %q, not by %s", address, a.Owner, by.Name, a.Gateway()),
				fmt.Sprintf("another link has the address or a route to it: \"ip addr show to %s\", \"ip route get %[1]s\"; take that away, or give the network another subnet", address))
		}
	}
}
