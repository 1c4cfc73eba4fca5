package operator

import (
	"context"
	"fmt"
)

// severity is how bad a finding is.
type severity string

const (
	problem severity = "problem" // something does not work
	warning severity = "warning" // something will not work soon, or under some condition
)

// page explains every finding.
const page = "docs/troubleshooting.md"

// finding is one thing that is wrong, and the way out of it.
type finding struct {
	Severity severity `json:"severity"`
	What     string   `json:"what"`
	WayOut   string   `json:"wayOut"`
}

// examination looks for one kind of trouble.
type examination func(context.Context, *session) ([]finding, error)

// doctor looks for every known trap.
func doctor(ctx context.Context, s *session) error {
	findings := []finding{}
	for _, examine := range []examination{
		stateFile, nftablesThere, kernelAsBook, dead, forwarding, firewalls, foreignDrops, bothVariants, routerAdvertisements,
		connections, strictReversePath, bridges, pools, leftovers,
	} {
		found, err := examine(ctx, s)
		if err != nil {
			found = append(found, finding{problem, err.Error(), "what it needs could not be read; are you root, in the host's own namespaces?"})
		}
		findings = append(findings, found...)
	}
	if err := s.show(findings); err != nil || len(findings) == 0 {
		return err
	}
	return errFindings
}

func (s *session) show(findings []finding) error {
	if s.json {
		return writeJSON(s.out, findings)
	}
	for _, f := range findings {
		fmt.Fprintf(s.out, "%s: %s\n  -> %s\n", f.Severity, f.What, f.WayOut)
	}
	if len(findings) == 0 {
		fmt.Fprintln(s.out, "nothing found")
	} else {
		fmt.Fprintf(s.out, "%d findings; %s says more\n", len(findings), page)
	}
	return nil
}
