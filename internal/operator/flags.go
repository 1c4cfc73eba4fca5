package operator

import (
	"slices"
	"strings"

	"vethbridge/internal/state"
)

// Flag is one flag. It means the same for every command that has it.
type Flag struct {
	Name    string
	Value   string   // what it takes, such as "FILE"; empty for a switch
	Words   []string // what the value can be, where that is known beforehand
	Default string
	Summary string
}

func allFlags() []*Flag {
	return []*Flag{
		{Name: "network", Value: "NAME", Summary: "this network only"},
		{Name: "container", Value: "ID", Summary: "container IDs that begin so"},
		{Name: "address", Value: "ADDRESS", Summary: "this address, or those in this prefix"},
		{Name: "port", Value: "PORT", Summary: "this host port: 8080, or 8080/udp"},
		{Name: "check", Summary: "compare with the kernel: what differs is drifted"},
		{Name: "watch", Summary: "again every second, until interrupted"},
		{Name: "narrow", Summary: "fewer columns, for a terminal of 80"},
		{Name: "json", Summary: "JSON instead of a table"},
		{Name: "state", Summary: "the state file only"},
		{Name: "dry-run", Summary: "say what would be done"},
		{Name: "config", Value: "FILE", Summary: "network config with the plugin's ipam"},
		{Name: "format", Value: "FORMAT", Words: []string{"text", "dot", "mermaid", "svg", "png"}, Default: "text", Summary: "text, dot, mermaid, svg or png"},
		{Name: "wait", Value: "TIME", Default: "30s", Summary: "how long to wait for a client elsewhere"},
		{Name: "output", Value: "FILE", Summary: "into this file, replaced as a whole"},
		{Name: "data-dir", Value: "DIR", Default: "/var/lib/cni/networks", Summary: "data of host-local"},
		{Name: "state-dir", Value: "DIR", Default: state.DefaultDir, Summary: "directory of the state file"},
	}
}

// Flags lists the flags of a command. All that look at the host take the directory of the
// state file.
func (c *Command) Flags() []*Flag {
	names := " " + c.flags + " "
	if !c.offline {
		names += "state-dir "
	}
	var list []*Flag
	for _, f := range allFlags() {
		if strings.Contains(names, " "+f.Name+" ") {
			list = append(list, f)
		}
	}
	return list
}

// String returns "--network NAME".
func (f *Flag) String() string {
	return strings.TrimSuffix("--"+f.Name+" "+f.Value, " ")
}

func flagNamed(name string) *Flag {
	list := allFlags()
	return list[slices.IndexFunc(list, func(f *Flag) bool { return f.Name == name })]
}

// target is what a flag is read into: a *bool, *string, *time.Duration or value.
func (s *session) target(f *Flag) any {
	switch f.Name {
	case "network":
		return &s.network
	case "container":
		return &s.filter.container
	case "address":
		return &s.filter.address
	case "port":
		return &s.filter.port
	case "check":
		return &s.check
	case "watch":
		return &s.watch
	case "narrow":
		return &s.narrow
	case "json":
		return &s.json
	case "state":
		return &s.state
	case "dry-run":
		return &s.dryRun
	case "config":
		return &s.config
	case "format":
		return &s.format
	case "wait":
		return &s.wait
	case "output":
		return &s.output
	case "data-dir":
		return &s.dataDir
	case "state-dir":
		return &s.stateDir
	}
	return nil
}
