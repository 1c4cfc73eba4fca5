package operator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"vethbridge/internal/host"
	"vethbridge/internal/schema"
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

// errUsage says that the command line was wrong, and has been answered.
var errUsage = errors.New("usage")

// session is one command under way.
type session struct {
	host     *host.Host
	out      io.Writer
	errOut   io.Writer
	judgeOwn Judge
	stateDir string
	json     bool
	said     []string // what say has kept for JSON
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
		meant := ""
		if near := schema.Nearest(name, names()); near != "" {
			meant = fmt.Sprintf("; did you mean %q?", near)
		}
		fmt.Fprintf(errOut, "vethbridge: there is no command %q%s\n%s", args[0], meant, usage())
		return exitUsage
	}
	s := &session{out: out, errOut: errOut, judgeOwn: judge}
	switch err := s.parse(command, args[1:], errOut); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, command.usage())
		return exitFine
	case err != nil:
		return exitUsage
	}
	return s.outcome(command, s.run(ctx, command, errOut), errOut)
}

func (s *session) outcome(c Command, err error, errOut io.Writer) int {
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errWarnings):
		return exitWarnings
	case !errors.Is(err, errFindings):
		fmt.Fprintf(errOut, "vethbridge %s: %v\n", c.Name, err)
	}
	return exitFindings
}

// say prints a line, or keeps it for the list that a machine gets.
func (s *session) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if s.json {
		s.said = append(s.said, line)
		return
	}
	fmt.Fprintln(s.out, line)
}

// parse reads what stands behind the command's name: its subject may stand before, between or
// behind the flags.
func (s *session) parse(c Command, args []string, errOut io.Writer) error {
	flags := flag.NewFlagSet("vethbridge "+c.Name, flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Usage = func() {} // of which help is asked is said by Run
	for _, f := range c.Flags() {
		f.bind(s, flags)
	}
	if c.offline {
		flags.StringVar(&s.stateDir, "state-dir", "", "") // every command takes it
	}
	for err := flags.Parse(args); ; err = flags.Parse(flags.Args()[1:]) {
		if err != nil {
			return err
		}
		if flags.NArg() == 0 {
			return s.words(c, errOut)
		}
		if len(s.subjects) == len(strings.Fields(c.Subject)) {
			fmt.Fprintf(errOut, "vethbridge %s: unexpected argument %q\n", c.Name, flags.Arg(0))
			return errUsage
		}
		s.subjects = append(s.subjects, flags.Arg(0))
	}
}

// subject is what a command of one subject is about; empty if nothing was said.
func (s *session) subject() string {
	if len(s.subjects) == 0 {
		return ""
	}
	return s.subjects[0]
}

// words refuses what is none of the words that a subject or a flag can be.
func (s *session) words(c Command, errOut io.Writer) error {
	refuse := func(name, value string, words []string) error {
		if len(words) == 0 || slices.Contains(words, value) {
			return nil
		}
		fmt.Fprintf(errOut, "vethbridge %s: %s is %q, and can be %s\n", c.Name, name, value, strings.Join(words, ", "))
		return errUsage
	}
	for _, f := range c.Flags() {
		if value, ok := f.target(s).(*string); ok {
			if err := refuse("--"+f.Name, *value, f.Words); err != nil {
				return err
			}
		}
	}
	return refuse(c.Subject, s.subject(), c.Words)
}

func (s *session) run(ctx context.Context, c Command, errOut io.Writer) error {
	if c.offline {
		return c.run(ctx, s)
	}
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := host.Open(s.stateDir, log)
	if err != nil && c.unopened != nil {
		return c.unopened(s, err)
	}
	if err != nil {
		return err
	}
	defer h.Close()
	s.host = h
	err = c.run(ctx, s)
	if s.json && c.says {
		return errors.Join(writeJSON(s.out, append([]string{}, s.said...)), err)
	}
	return err
}
