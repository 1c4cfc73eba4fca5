package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"vethbridge/internal/fence"
	"vethbridge/internal/host"
	"vethbridge/internal/shared"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// check looks at the whole book, and unless only that is asked for, at every attachment and
// at the rules.
func check(ctx context.Context, s *session) error {
	report := func(err error) {
		for _, line := range messages(err) {
			s.say("%s", line)
		}
	}
	report(s.host.Store.Check(ctx, ipam.Check, nat.CheckBook, fence.Check, shared.Check, host.CheckMACs))
	if !s.state {
		records, err := s.host.Attachments(ctx, s.network)
		report(err)
		for _, a := range records {
			life, err := s.host.Liveness(a)
			report(err)
			if life == host.Dead {
				report(fmt.Errorf("check attachments: %s is dead; its addresses and ports are released when needed, or by \"vethbridge gc\"", a.Owner))
			}
		}
		report(s.checkLinks(ctx))
		report(s.checkRules(ctx))
	}
	if len(s.said) > 0 {
		return errFindings
	}
	return nil
}

// checkRules looks at the rules of all, our own and those that others have to have for us.
func (s *session) checkRules(ctx context.Context) error {
	return errors.Join(s.translations(ctx), s.host.Fence.VerifyAll(ctx), s.checkFirewalls(ctx))
}

// checkFirewalls looks at what others have to have for us.
func (s *session) checkFirewalls(ctx context.Context) error {
	barred, err := s.host.Barred(ctx)
	var failed []error
	for _, b := range barred {
		failed = append(failed, errors.New("check firewall: "+b.String()))
	}
	zones, misplaced := s.host.Misplaced(ctx)
	for _, bridge := range slices.Sorted(maps.Keys(zones)) {
		failed = append(failed, fmt.Errorf("check zone: bridge %s is not in zone %s of firewalld", bridge, zones[bridge]))
	}
	return errors.Join(append(failed, err, misplaced)...)
}

// translations are what differs in the rules of all, which are listed once.
func (s *session) translations(ctx context.Context) error {
	if !s.listed {
		s.listed, s.differs = true, s.host.NAT.CheckAll(ctx)
	}
	return s.differs
}

// checkLinks looks at links, their addresses and sysctls, as the doctor does.
func (s *session) checkLinks(ctx context.Context) error {
	failed := []error{s.examineLinks(ctx)}
	for _, f := range s.found {
		if f.Severity == problem {
			failed = append(failed, errors.New("check links: "+f.What))
		}
	}
	return errors.Join(failed...)
}

func (s *session) examineLinks(ctx context.Context) error {
	var failed []error
	for _, examine := range []examination{forwarding, bridges, uplinks, ports, lostGateways, ways, loopback} {
		failed = append(failed, examine(ctx, s))
	}
	return errors.Join(failed...)
}
