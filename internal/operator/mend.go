package operator

import (
	"context"
	"slices"

	"vethbridge/internal/host"
	"vethbridge/internal/state"
)

// repair puts back the rules that are missing, of all attachments, in one transaction each, and then what links lack: the
// guard comes before what it guards.
func repair(ctx context.Context, s *session) error {
	if s.dryRun {
		return s.wouldRepair(ctx)
	}
	for _, part := range []struct {
		put  func(context.Context) (bool, error)
		done string
	}{
		{s.host.NAT.Repair, "restored the translations of all attachments"},
		{s.host.Fence.Repair, "restored the fences of all attachments"},
		{s.host.MendBridges, "gave bridges back what they lacked"},
		{s.host.MendPorts, "made links again what they were"},
		{s.host.RepairZones, "put bridges back into their zones of firewalld"},
		{s.host.RepairAccept, "let bridges through iptables again"},
	} {
		changed, err := part.put(ctx)
		if err != nil {
			return err
		}
		if changed { // said at once: a later part may fail
			s.say("%s", part.done)
		}
	}
	return nil
}

// wouldRepair lists what repair would change.
func (s *session) wouldRepair(ctx context.Context) error {
	list := messages(s.checkRules(ctx))
	if err := s.examineLinks(ctx); err != nil {
		return err
	}
	for _, f := range s.found {
		if slices.Contains(f.Run, s.own("repair")) {
			list = append(list, f.What)
		}
	}
	for _, difference := range list {
		s.say("would put right: %s", difference)
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
		life, err := s.host.Liveness(a)
		switch {
		case life == host.Unknown:
			s.say("kept %s: cannot tell whether it is alive: %v", a.Owner, err)
		case life == host.Dead && s.dryRun:
			s.say("would release %s", a.Owner)
		case life == host.Dead:
			if err := s.release(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// release waits for nobody: an owner that another call is at may be on its way to life again.
func (s *session) release(ctx context.Context, dead *state.Attachment) error {
	released, err := s.host.ReleaseDead(ctx, dead)
	switch {
	case err != nil:
		return err
	case released:
		s.say("released %s", dead.Owner)
	default:
		s.say("kept %s: another call is at it, or it has just been attached again", dead.Owner)
	}
	return nil
}
