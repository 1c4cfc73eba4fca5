package operator

import (
	"context"

	"vethbridge/internal/release"
)

// Command is one command: what it is called, takes and does. Help, completion and manual are
// made of this.
type Command struct {
	Name    string
	Subject string   // what it takes beside flags, such as "WHAT"; may be empty
	Words   []string // what the subject can be, where that is known beforehand
	Summary string   // one line
	Detail  string   // what else there is to say; may be empty
	flags   string   // names of flags, separated by spaces
	offline bool     // needs neither the state file nor the kernel
	idle    string   // what is printed if there is nothing to say; such a command prints lines, of which --json makes a list
	run     func(context.Context, *session) error
	// unopened is what the command does where the state directory can't be used; nil: nothing.
	unopened func(*session, error) error
}

// Commands lists all commands in the order in which they are shown. It is a function, so that
// a plugin's start-up pays nothing for it.
func Commands() []*Command {
	return []*Command{
		{Name: "ls", Summary: "list what is attached: addresses, ports, state, age",
			Detail: "The state is alive, dead (its network namespace and its link are gone, or its boot is over), unknown (that " +
				"can't be told) or, with --check, drifted: the kernel lacks something that the state file says it has. " +
				"An attachment is shown if it matches all given filters.",
			flags: "network container address port check watch narrow json", run: list},
		{Name: "inspect", Subject: "WHAT", Summary: "show one attachment whole: by container ID, address, host port or link",
			Detail: "The beginning of a container ID is enough. A port is 8080 or 8080/udp; one of a range will do. What the kernel lacks of the attachment is shown as drift. The " +
				"log is found by the key logFile of the networks in " + netDir + ", or of the given config.",
			flags: "network config json", run: inspect},
		{Name: "trace", Subject: "CLIENT DEST PORT", Summary: "follow a packet: which rules it meets, and where it ends, in words",
			Detail: "CLIENT and DEST are addresses or container IDs, PORT is 8080 or 8080/udp. If the client is a container or this " +
				"host, a connection is opened from there and closed again; if it is elsewhere, its next connection is waited for. The kernel " +
				"can't follow rules of iptables-legacy: a packet that they drop is reported as lost.",
			flags: "network wait json", run: tracePacket},
		{Name: "check", Summary: "compare the state file with the kernel",
			flags: "state network json", idle: "all is as the state file says", run: check},
		{Name: "repair", Summary: "put back what rules, bridges and links lack", flags: "dry-run json", idle: "nothing to repair", run: repair},
		{Name: "validate", Subject: "FILE", Summary: "judge a network config, by line and column",
			Detail: "It is compared with the JSON Schemas in conf/schema and with what the plugins themselves refuse (for natport, which must be in the " +
				"same directory as this executable). The host is not looked at. An unknown key is a warning; with warnings only the exit status is 3.",
			flags: "json", offline: true, run: validate},
		{Name: "doctor", Summary: "find every known trap on this host, with the way out",
			Detail: "It also looks at the range sets of the networks in " + netDir + ".",
			flags:  "json config data-dir", run: doctor, unopened: unusable},
		{Name: "gc", Summary: "release dead attachments",
			flags: "network dry-run json", idle: "nothing is dead", run: collect},
		{Name: "import", Summary: "take over the leases of the reference host-local",
			Detail: "So a node switches with its containers running: nobody else gets their addresses. The networks are those in " + netDir + ", or that of the given config.",
			flags:  "config data-dir dry-run json", idle: "nothing to import", run: importLeases},
		{Name: "graph", Summary: "draw the host: devices, bridges, links, containers, ports",
			Detail: "It is a tree for the terminal, a diagram in the language of Graphviz (--format dot) or Mermaid, or an " +
				"image (svg, png), which Graphviz's program dot draws.",
			flags: "network container format", run: graph},
		{Name: "metrics", Summary: "print figures for Prometheus, in its text format",
			Detail: "Addresses, attachments, published ports, drift and bridge ports. With --output it feeds the textfile collector " +
				"of node_exporter. Range sets are those of the networks in " + netDir + ", or of the given config; for " +
				"other networks, the ranges that addresses have been given from.",
			flags: "network config output", run: metrics},
		{Name: "completion", Subject: "SHELL", Words: []string{"bash", "zsh", "fish"}, Summary: "print what makes a shell complete these commands",
			Detail:  "For bash or zsh: source <(vethbridge completion bash); for fish: vethbridge completion fish | source.",
			offline: true, run: completion},
		{Name: "version", Summary: "show which release this is, and with which others it works", flags: "json", offline: true,
			Detail: "Releases with the same state schema and table layout can replace each other without changing anything that is there.",
			run:    func(_ context.Context, s *session) error { return release.Print(s.out, "vethbridge", s.json) }},
		{Name: "help", Subject: "[COMMAND]", Summary: "show this list, or all about one command", offline: true, run: help},
	}
}

func find(name string) (*Command, bool) {
	for _, c := range Commands() {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}
