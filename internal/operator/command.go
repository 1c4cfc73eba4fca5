package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"vethbridge/internal/failure"
	"vethbridge/internal/host"
	"vethbridge/internal/state"
)

// Exit statuses.
const (
	exitFine     = 0
	exitFindings = 1 // something is wrong with the host, or could not be done
	exitUsage    = 2
	exitWarnings = 3 // of validate: nothing but what plugins tolerate
)

// errFindings says that a command has printed what is wrong.
var errFindings = errors.New("findings")

// errWarnings is errFindings where all of them are mild.
var errWarnings = errors.New("warnings")

// errHelp says that help was asked for.
var errHelp = errors.New("help")

// session is one command under way.
type session struct {
	host     *host.Host
	out      io.Writer
	errOut   io.Writer
	judgeOwn Judge
	stateDir string
	json     bool
	said     []string // by the function say
	narrow   bool
	network  string
	filter   filter
	check    bool
	watch    bool
	dryRun   bool
	state    bool
	config   string
	dataDir  string
	output   string
	format   string
	wait     time.Duration
	found    []finding // by the doctor's examinations
	listed   bool      // the translations of all, and what differs in them
	differs  error
	subjects []string // what the command is about: its arguments that are no flags
}

// Run runs the command that the arguments name and returns the exit status.
// The judge of vethbridge's own configs may be nil.
func Run(ctx context.Context, args []string, judge Judge, out, errOut io.Writer) int {
	name := strings.TrimLeft(args[0], "-")
	if name == "h" {
		name = "help"
	}
	command, known := find(name)
	if !known || name != args[0] && name != "help" {
		fmt.Fprintf(errOut, "vethbridge: %v\n%s", unknownCommand(args[0]), usage())
		return exitUsage
	}
	s := &session{out: out, errOut: errOut, judgeOwn: judge}
	switch err := s.parse(command, args[1:]); {
	case errors.Is(err, errHelp):
		fmt.Fprint(out, command.usage())
		return exitFine
	case err != nil:
		fmt.Fprintf(errOut, "vethbridge %s: %v; see \"vethbridge help %[1]s\"\n", command.Name, err)
		return exitUsage
	}
	return s.outcome(command, s.run(ctx, command, errOut), errOut)
}

func (s *session) outcome(c *Command, err error, errOut io.Writer) int {
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errWarnings):
		return exitWarnings
	case !errors.Is(err, errFindings):
		fmt.Fprintf(errOut, "vethbridge %s: %v%s\n", c.Name, err, s.rights(c))
	}
	return exitFindings
}

// rights is a hint for those who lack them.
func (s *session) rights(c *Command) string {
	if c.offline || os.Geteuid() == 0 {
		return ""
	}
	return "; run it as root"
}

// say prints a line; a machine gets a list of them.
func (s *session) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	s.said = append(s.said, line)
	if !s.json {
		fmt.Fprintln(s.out, line)
	}
}

// subject is what a command of one subject is about; empty if nothing was said.
func (s *session) subject() string {
	if len(s.subjects) == 0 {
		return ""
	}
	return s.subjects[0]
}

// open opens the host. A directory that was named and is not there is no empty one, but where a command is the first to write to it.
func (s *session) open(ctx context.Context, c *Command, log *slog.Logger) (*host.Host, error) {
	if _, err := os.Stat(s.stateDir); err != nil && s.stateDir != state.DefaultDir && c.Name != "import" {
		return nil, failure.To("look for the state directory", err)
	}
	return host.OpenWithBook(ctx, s.stateDir, log)
}

func (s *session) run(ctx context.Context, c *Command, errOut io.Writer) error {
	if c.offline {
		return c.run(ctx, s)
	}
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := s.open(ctx, c, log)
	if err != nil && c.unopened != nil {
		return c.unopened(s, err)
	}
	if err != nil {
		return err
	}
	defer h.Close()
	s.host = h
	err = c.run(ctx, s)
	switch {
	case c.idle == "":
	case s.json:
		return errors.Join(writeJSON(s.out, append([]string{}, s.said...)), err)
	case err == nil && len(s.said) == 0:
		s.say("%s", c.idle)
	}
	return err
}
