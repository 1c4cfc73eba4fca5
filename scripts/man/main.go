package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vethbridge/internal/operator"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// run reads docs/reference.md and writes the pages into a directory.
func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: man REFERENCE.md DIR")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	for name, make := range map[string]func(reference) (*page, error){"vethbridge.8": vethbridge, "natport.8": natport} {
		p, err := make(reference(text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(args[1], name), []byte(p.text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func vethbridge(r reference) (*page, error) {
	p := newPage("vethbridge", "CNI plugin that wires containers into a bridge, and the tool that shows what it made")
	p.section("SYNOPSIS")
	for _, c := range operator.Commands() {
		parts := c.Synopsis()
		p.line(`.SY "` + plain(parts[0]) + `"`)
		for _, part := range parts[1:] {
			p.line(strings.ReplaceAll(plain(part), " ", `\~`)) // a flag stays with its value
		}
		p.line(".YS")
	}
	p.section("DESCRIPTION")
	p.paragraph("A container runtime starts `vethbridge` by the CNI specification, with `CNI_COMMAND` in the environment and a network " +
		"config on its input. It wires a container's network namespace into a Linux bridge: veth pair, addresses, routes, gateway. " +
		"Started by hand, it shows and mends what it and **natport**(8) made on this host.")
	p.section("COMMANDS")
	for _, c := range operator.Commands() {
		writeCommand(p, c)
	}
	parts := []struct{ section, heading string }{
		{"MORE ABOUT COMMANDS", "## Commands for people"}, {"GRAPH", "### Graph"}, {"METRICS", "### Metrics"},
		{"CONFIGURATION", "## Keys of both plugins"}, {"KEYS OF VETHBRIDGE", "## `vethbridge`"}, {"VLANS", "### VLANs"},
		{"UPLINK", "### Uplink"}, {"MAC ADDRESSES", "### MAC addresses"},
		{"WHAT A CONTAINER MAY SEND, AND WHO REACHES IT", "### What a container may send, and who reaches it"},
		{"IPAM", "### `ipam`"}, {"ENVIRONMENT", "### Environment"}, {"ERROR CODES", "## Error codes"},
	}
	for _, s := range parts {
		p.section(`"` + s.section + `"`)
		if err := r.write(p, s.heading); err != nil {
			return nil, err
		}
	}
	closing(p, "natport")
	return p, nil
}

func writeCommand(p *page, c *operator.Command) {
	p.line(".SS " + strings.TrimSuffix("vethbridge "+c.Name+" "+c.Subject, " "))
	p.line(plain(strings.ToUpper(c.Summary[:1]) + c.Summary[1:] + "."))
	if c.Detail != "" {
		p.line(plain(c.Detail))
	}
	for _, f := range c.Flags() {
		text := f.Summary
		if f.Default != "" {
			text += " (default " + f.Default + ")"
		}
		p.item(f.String(), text+".")
	}
}

func natport(r reference) (*page, error) {
	p := newPage("natport", "CNI plugin that publishes ports of containers and masquerades what leaves them")
	p.section("SYNOPSIS")
	p.line(`\fBnatport\fR`)
	p.line(".br")
	p.line(`\fBnatport help\fR`)
	p.line(".br")
	p.line(`\fBnatport version [--json]\fR`)
	p.line(".br")
	p.line(`\fBnatport validate\fR`)
	p.section("DESCRIPTION")
	p.paragraph("`natport help` says what it is for, and `natport validate` judges its config on standard input, as ADD would.")
	p.paragraph("A container runtime starts `natport` by the CNI specification, with `CNI_COMMAND` in the environment and a network " +
		"config on its input. It gives a container the outside: MASQUERADE for what leaves, DNAT for published host ports, by " +
		"nftables over netlink. What it made is shown and mended by **vethbridge**(8).")
	for _, s := range []struct{ section, heading string }{
		{"KEYS OF NATPORT", "## `natport`"}, {"KEYS OF BOTH PLUGINS", "## Keys of both plugins"},
		{"ENVIRONMENT", "### Environment"}, {"ERROR CODES", "## Error codes"},
	} {
		p.section(`"` + s.section + `"`)
		if err := r.write(p, s.heading); err != nil {
			return nil, err
		}
	}
	closing(p, "vethbridge")
	return p, nil
}

// closing writes the sections at the end of both pages.
func closing(p *page, other string) {
	p.section("FILES")
	p.item("/etc/cni/net.d", "network configs of the runtimes.")
	p.item("/run/vethbridge", "directory of the state file, which both plugins and all runtimes on the host share.")
	p.section(`"EXIT STATUS"`)
	p.paragraph("For a runtime: 0, or 1 with an error in JSON on the output. For a person: 0 all is well, 1 findings or an error, 2 wrong usage; of validate also 3 warnings only.")
	p.section(`"SEE ALSO"`)
	p.line(`\fB` + other + `\fR(8), \fBip\fR(8), \fBbridge\fR(8), \fBnft\fR(8)`)
}
