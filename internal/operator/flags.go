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
	target  func(*session) any // *bool, *string, *time.Duration or value
}

func allFlags() []Flag {
	return []Flag{
		{Name: "network", Value: "NAME", Summary: "this network only", target: func(s *session) any { return &s.network }},
		{Name: "container", Value: "ID", Summary: "container IDs that begin so", target: func(s *session) any { return &s.filter.container }},
		{Name: "address", Value: "ADDRESS", Summary: "this address, or those in this prefix", target: func(s *session) any { return &s.filter.address }},
		{Name: "port", Value: "PORT", Summary: "this host port: 8080, or 8080/udp", target: func(s *session) any { return &s.filter.port }},
		{Name: "check", Summary: "compare with the kernel: what differs is drifted", target: func(s *session) any { return &s.check }},
		{Name: "watch", Summary: "again every second, until interrupted", target: func(s *session) any { return &s.watch }},
		{Name: "narrow", Summary: "fewer columns, for a terminal of 80", target: func(s *session) any { return &s.narrow }},
		{Name: "json", Summary: "JSON instead of a table", target: func(s *session) any { return &s.json }},
		{Name: "state", Summary: "the state file only", target: func(s *session) any { return &s.state }},
		{Name: "dry-run", Summary: "say what would be done", target: func(s *session) any { return &s.dryRun }},
		{Name: "config", Value: "FILE", Summary: "network config with the plugin's ipam", target: func(s *session) any { return &s.config }},
		{Name: "format", Value: "FORMAT", Words: []string{"text", "dot", "mermaid", "svg", "png"}, Default: "text", Summary: "text, dot, mermaid, svg or png", target: func(s *session) any { return &s.format }},
		{Name: "wait", Value: "TIME", Default: "30s", Summary: "how long to wait for a client elsewhere", target: func(s *session) any { return &s.wait }},
		{Name: "output", Value: "FILE", Summary: "into this file, replaced as a whole", target: func(s *session) any { return &s.output }},
		{Name: "data-dir", Value: "DIR", Default: "/var/lib/cni/networks", Summary: "data of host-local", target: func(s *session) any { return &s.dataDir }},
		{Name: "state-dir", Value: "DIR", Default: state.DefaultDir, Summary: "directory of the state file", target: func(s *session) any { return &s.stateDir }},
	}
}

// Flags lists the flags of a command. All that look at the host take the directory of the
// state file.
func (c *Command) Flags() []Flag {
	names := " " + c.flags + " "
	if !c.offline {
		names += "state-dir "
	}
	var list []Flag
	for _, f := range allFlags() {
		if strings.Contains(names, " "+f.Name+" ") {
			list = append(list, f)
		}
	}
	return list
}

// String returns "--network NAME".
func (f Flag) String() string {
	return strings.TrimSuffix("--"+f.Name+" "+f.Value, " ")
}

func flagNamed(name string) Flag {
	list := allFlags()
	return list[slices.IndexFunc(list, func(f Flag) bool { return f.Name == name })]
}
