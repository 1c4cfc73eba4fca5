package operator

import (
	"context"
	"fmt"

	"vethbridge/internal/fence"
	"vethbridge/internal/host"
	"vethbridge/internal/shared"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// check looks at the whole book, and unless only that is asked for, at every attachment and
// at the rules.
func check(ctx context.Context, s *session) error {
	findings := 0
	report := func(err error) {
		if err != nil {
			findings++
			s.say("%v", err)
		}
	}
	report(s.host.Store.Check(ctx, ipam.Check, nat.CheckBook, fence.Check, shared.Check, host.CheckMACs))
	if !s.state {
		records, err := s.host.Attachments(ctx, s.network)
		report(err)
		for _, a := range records {
			life, err := s.host.Liveness(ctx, a)
			report(err)
			if life == host.Dead {
				report(fmt.Errorf("check attachments: %s is dead; its addresses and ports are released when needed, or by \"vethbridge gc\"", a.Owner))
			}
		}
		report(s.host.NAT.CheckAll(ctx))
		report(s.host.Fence.VerifyAll(ctx))
	}
	if findings > 0 {
		return errFindings
	}
	if !s.json {
		s.say("all is as the book says")
	}
	return nil
}
