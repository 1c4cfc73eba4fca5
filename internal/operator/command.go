package operator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"vethbridge/internal/host"
	"vethbridge/internal/state"
)

// Exit statuses.
const (
	exitFine     = 0
	exitFindings = 1 // something is wrong with the host, or could not be done
	exitUsage    = 2
)

const usage = `vethbridge is a CNI plugin; started by hand it shows and mends what it made on this host.

  vethbridge ls [--json] [--network NAME]     what is attached: addresses, ports, state
  vethbridge inspect WHAT [--json]            one attachment whole: by container ID, address, host port or link
  vethbridge check [--state]                  the state file, and the kernel beside it
  vethbridge repair                           rules that are missing are put back
  vethbridge doctor [--json] [--config FILE]  every known trap on this host, with the way out
  vethbridge gc [--dry-run]                   dead attachments are released
  vethbridge import --config FILE [--data-dir DIR] [--dry-run]
                                              leases of the reference host-local are taken over
  vethbridge help

Every command takes --state-dir DIR (default ` + state.DefaultDir + `).
Exit status: 0 fine, 1 findings, 2 usage.
`

// errFindings says that a command has printed what is wrong.
var errFindings = errors.New("findings")

// session is one command under way.
type session struct {
	host    *host.Host
	out     io.Writer
	json    bool
	network string
	dryRun  bool
	state   bool
	config  string
	dataDir string
	subject string // what inspect looks for
}

// commands by their names.
var commands = map[string]func(context.Context, *session) error{
	"ls": list, "check": check, "repair": repair, "gc": collect, "import": importLeases, "doctor": doctor, "inspect": inspect,
}

// Run runs the command that the arguments name and returns the exit status.
func Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	command, known := commands[args[0]]
	if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Fprint(out, usage)
		return exitFine
	}
	if !known {
		fmt.Fprintf(errOut, "vethbridge: there is no command %q\n%s", args[0], usage)
		return exitUsage
	}
	s := &session{out: out}
	dir, err := s.parse(args, errOut)
	if err != nil {
		return exitUsage
	}
	err = s.run(ctx, dir, errOut, command)
	if err != nil && !errors.Is(err, errFindings) {
		fmt.Fprintf(errOut, "vethbridge %s: %v\n", args[0], err)
	}
	if err != nil {
		return exitFindings
	}
	return exitFine
}

func (s *session) parse(args []string, errOut io.Writer) (dir string, err error) {
	flags := flag.NewFlagSet("vethbridge "+args[0], flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.StringVar(&dir, "state-dir", state.DefaultDir, "directory of the state file")
	flags.BoolVar(&s.json, "json", false, "JSON instead of a table")
	flags.StringVar(&s.network, "network", "", "this network only")
	flags.BoolVar(&s.dryRun, "dry-run", false, "say what would be done")
	flags.BoolVar(&s.state, "state", false, "the state file only")
	flags.StringVar(&s.config, "config", "", "network config with the plugin's ipam")
	flags.StringVar(&s.dataDir, "data-dir", "/var/lib/cni/networks", "data directory of host-local")
	rest := args[1:]
	if args[0] == "inspect" {
		rest = s.takeSubject(rest)
	}
	if err := flags.Parse(rest); err != nil {
		return "", err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(errOut, "vethbridge %s: unexpected argument %q\n", args[0], flags.Arg(0))
		return "", errFindings
	}
	return dir, nil
}

// takeSubject takes what shall be inspected out of the arguments; it comes first.
func (s *session) takeSubject(args []string) []string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return args
	}
	s.subject = args[0]
	return args[1:]
}

func (s *session) run(ctx context.Context, dir string, errOut io.Writer, command func(context.Context, *session) error) error {
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := host.Open(dir, log)
	if err != nil {
		return err
	}
	defer h.Close()
	s.host = h
	return command(ctx, s)
}
