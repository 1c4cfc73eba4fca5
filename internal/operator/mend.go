package operator

import (
	"context"
	"fmt"

	"vethbridge/internal/host"
)

// repair puts back the rules that are missing, of all attachments, in one transaction each.
func repair(ctx context.Context, s *session) error {
	if s.dryRun {
		return s.wouldRepair(ctx)
	}
	translations, err := s.host.NAT.Repair(ctx)
	if err != nil {
		return err
	}
	fences, err := s.host.Fence.Repair(ctx)
	if err != nil {
		return err
	}
	zones, err := s.host.RepairZones(ctx)
	if err != nil {
		return err
	}
	accepted, err := s.host.RepairAccept(ctx)
	if err != nil {
		return err
	}
	if translations {
		s.say("restored the translations of all attachments")
	}
	if fences {
		s.say("restored the fences of all attachments")
	}
	if zones {
		s.say("put bridges back into their zones of firewalld")
	}
	if accepted {
		s.say("let bridges through iptables again")
	}
	if !translations && !fences && !zones && !accepted && !s.json {
		s.say("nothing to repair")
	}
	return nil
}

// wouldRepair lists what repair would change.
func (s *session) wouldRepair(ctx context.Context) error {
	zones, err := s.host.Misplaced(ctx)
	if err != nil {
		return err
	}
	list := append(messages(s.host.NAT.CheckAll(ctx)), messages(s.host.Fence.VerifyAll(ctx))...)
	barred, err := s.host.Barred(ctx)
	if err != nil {
		return err
	}
	list = append(list, barred...)
	for bridge, zone := range zones {
		list = append(list, fmt.Sprintf("check zone: bridge %s is not in zone %s of firewalld", bridge, zone))
	}
	for _, difference := range list {
		s.say("would put right: %s", difference)
	}
	if len(list) == 0 && !s.json {
		s.say("nothing to repair")
	}
	return nil
}

// collect releases the dead.
func collect(ctx context.Context, s *session) error {
	records, err := s.host.Attachments(ctx, s.network)
	if err != nil {
		return err
	}
	for _, a := range records {
		life, err := s.host.Liveness(ctx, a)
		switch {
		case life == host.Unknown:
			s.say("kept %s: cannot tell whether it is alive: %v", a.Owner, err)
		case life == host.Dead && s.dryRun:
			s.say("would release %s", a.Owner)
		case life == host.Dead:
			if err := s.host.Exclusively(ctx, a.Owner, func() error { return s.host.Release(ctx, a.Owner) }); err != nil {
				return err
			}
			s.say("released %s", a.Owner)
		}
	}
	return nil
}
