package operator

import (
	"context"
	"strings"

	"vethbridge/internal/host"
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

const cutOff topic = "a-container-is-cut-off"

// ports are the host's ends of links. One whose bridge is gone is not named beside the bridge.
func ports(ctx context.Context, s *session) error {
	c, err := s.comparison()
	if err != nil {
		return err
	}
	records, err := s.living(ctx)
	for _, a := range records {
		wrong := c.ofLink(&a)
		if _, gone := s.host.Links.Uplink(a.Bridge); len(wrong) == 0 || gone != nil {
			continue
		}
		what := a.Owner.String() + " is cut off: " + strings.TrimPrefix(wrong[0], "check links: ")
		now := c.links[a.Owner.Mark()].Name
		switch {
		case strings.HasSuffix(what, " is down"):
			s.problem(cutOff, what, "", "ip link set "+now+" up")
		case now != "" && now != a.HostLink:
			s.problem(cutOff, what, "", "ip link set "+now+" down", "ip link set "+now+" name "+a.HostLink, "ip link set "+a.HostLink+" up")
		default:
			s.problem(cutOff, what, "make the container again: nothing but ADD knows how the port was set up")
		}
	}
	return err
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
			append(run, "ip addr replace "+gateway.Address.String()+" dev "+gateway.Link)...)
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
