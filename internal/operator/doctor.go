package operator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vethbridge/internal/state"
)

// severity is how bad a finding is.
type severity string

const (
	problem severity = "problem" // something does not work
	warning severity = "warning" // something will not work soon, or under some condition
)

// page explains every finding.
const page = "docs/troubleshooting.md"

// finding is one thing that is wrong, and the way out of it: commands that cure it, words, or both.
type finding struct {
	Severity severity `json:"severity"`
	What     string   `json:"what"`
	Run      []string `json:"run,omitempty"`
	WayOut   string   `json:"wayOut,omitempty"`
	See      topic    `json:"see"`
}

// topic is a heading of the page's part about the doctor, as a link has it.
type topic string

// MarshalText writes the link.
func (t topic) MarshalText() ([]byte, error) { return []byte(page + "#" + string(t)), nil }

// examination looks for one kind of trouble.
type examination func(context.Context, *session) ([]finding, error)

// examinations are all, those about the host first.
func examinations() []examination {
	return []examination{
		stateFile, kernelFeatures, kernelAsBook, dead, forwarding, firewalls, foreignDrops, bothVariants, routerAdvertisements,
		noIPv6, connections, reversePath, bridgeFilter, bridges, managers, takenPorts, otherPlugins, leftTrace, pools, leftovers, configFiles, refusals,
	}
}

// doctor looks for every known trap.
func doctor(ctx context.Context, s *session) error {
	findings := []finding{}
	for _, examine := range examinations() {
		found, err := examine(ctx, s)
		if err != nil {
			found = append(found, finding{Severity: problem, What: err.Error(), See: "something-cannot-be-read",
				WayOut: "what it needs could not be read; are you root, in the host's own namespaces?"})
		}
		findings = append(findings, found...)
	}
	if err := s.show(findings); err != nil || len(findings) == 0 {
		return err
	}
	return errFindings
}

// unusable is the one finding where there is no state directory to look into.
func unusable(s *session, err error) error {
	f := finding{problem, err.Error(), nil, fmt.Sprintf("it must be root's, and nobody else may write into it: chown root: %[1]s; chmod 700 %[1]s", s.stateDir), "the-state-directory-cannot-be-used"}
	return errors.Join(s.show([]finding{f}), errFindings)
}

func (s *session) show(findings []finding) error {
	if s.json {
		return writeJSON(s.out, findings)
	}
	for _, f := range findings {
		fmt.Fprintf(s.out, "%s: %s\n", s.paint(string(f.Severity)), f.What)
		for _, command := range f.Run {
			fmt.Fprintf(s.out, "  $ %s\n", command)
		}
		if f.WayOut != "" {
			fmt.Fprintf(s.out, "  -> %s\n", f.WayOut)
		}
		fmt.Fprintf(s.out, "  see %s#%s\n", page, f.See)
	}
	if len(findings) == 0 {
		fmt.Fprintln(s.out, "nothing found")
	} else {
		fmt.Fprintf(s.out, "%d findings\n", len(findings))
	}
	return nil
}

// own is a command of this tool about the same state file.
func (s *session) own(words ...string) string {
	if s.stateDir != state.DefaultDir {
		words = append(words, "--state-dir", s.stateDir)
	}
	return "vethbridge " + strings.Join(words, " ")
}
