package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"vethbridge/internal/masquerade"
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

// problem notes that something does not work.
func (s *session) problem(see topic, what, wayOut string, run ...string) {
	s.note(problem, see, what, wayOut, run)
}

// warning notes that something will not work soon, or not always.
func (s *session) warning(see topic, what, wayOut string, run ...string) {
	s.note(warning, see, what, wayOut, run)
}

func (s *session) note(how severity, see topic, what, wayOut string, run []string) {
	s.found = append(s.found, finding{how, what, run, wayOut, see})
}

// examination looks for one kind of trouble, and notes what it finds.
type examination func(context.Context, *session) error

// examinations are all, those about the host first.
func examinations() []examination {
	return []examination{
		stateFile, kernelFeatures, kernelAsBook, dead, forwarding, firewalls, foreignDrops, strictFirewalld, bothVariants, routerAdvertisements,
		noIPv6, connections, reversePath, bridgeFilter, bridges, uplinks, ports, lostGateways, ways, loopback, managers, takenPorts, otherPlugins, leftTrace, pools, leftovers, configFiles, refusals, oneRelease,
	}
}

// doctor looks for every known trap.
func doctor(ctx context.Context, s *session) error {
	if err := s.readable(ctx); err != nil {
		return unusable(s, err)
	}
	for _, examine := range examinations() {
		if err := examine(ctx, s); err != nil {
			s.problem("something-cannot-be-read", err.Error(), "what it needs could not be read; are you root, in the host's own namespaces?")
		}
	}
	return s.show()
}

// readable tries what all examinations read.
func (s *session) readable(ctx context.Context) error {
	if _, err := s.host.Attachments(ctx, ""); err != nil {
		return err
	}
	if err := s.host.BackendUsable(ctx, masquerade.Auto); errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// unusable is the one finding where what all others need can't be read.
func unusable(s *session, err error) error {
	var held *state.LockError
	var unsafe *state.DirError
	switch {
	case os.Geteuid() != 0 || errors.Is(err, fs.ErrPermission):
		s.problem("something-cannot-be-read", err.Error(), "run it as root, in the host's own namespaces")
	case errors.As(err, &held):
		s.problem("the-state-file-is-locked", err.Error(), "see what that process waits for, and end it if it is stuck: until then nothing is attached or released")
	case errors.As(err, &unsafe) && !strings.HasPrefix(unsafe.Reason, "can't be written"):
		s.problem("the-state-directory-cannot-be-used", err.Error(), "", "chown root: "+s.stateDir, "chmod 700 "+s.stateDir)
	default:
		s.problem("the-state-directory-cannot-be-used", err.Error(), s.stateDir+" must be a directory that can be written, with room for the state file")
	}
	return s.show()
}

// show prints what was found; that there is something is an error of its own.
func (s *session) show() error {
	var err error
	if s.json {
		err = writeJSON(s.out, append([]finding{}, s.found...))
	} else {
		_, err = io.WriteString(s.out, s.prescription())
	}
	if err == nil && len(s.found) > 0 {
		return errFindings
	}
	return err
}

func (s *session) prescription() string {
	var b strings.Builder
	for _, f := range s.found {
		fmt.Fprintf(&b, "%s: %s\n", s.paint(string(f.Severity)), f.What)
		for _, command := range f.Run {
			fmt.Fprintf(&b, "  $ %s\n", command)
		}
		if f.WayOut != "" {
			fmt.Fprintf(&b, "  -> %s\n", f.WayOut)
		}
		fmt.Fprintf(&b, "  see %s#%s\n", page, f.See)
	}
	switch len(s.found) {
	case 0:
		b.WriteString("nothing found\n")
	case 1:
		b.WriteString("1 finding\n")
	default:
		fmt.Fprintf(&b, "%d findings\n", len(s.found))
	}
	return b.String()
}

// own is a command of this tool about the same state file.
func (s *session) own(words ...string) string {
	if s.stateDir != state.DefaultDir {
		words = append(words, "--state-dir", s.stateDir)
	}
	return "vethbridge " + strings.Join(words, " ")
}
