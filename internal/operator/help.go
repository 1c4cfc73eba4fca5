package operator

import (
	"context"
	"fmt"
	"strings"
)

const exitStatuses = "Exit status: 0 all is well, 1 findings or an error, 2 wrong usage.\n"

func help(_ context.Context, s *session) error {
	if s.subject() == "" {
		fmt.Fprint(s.out, usage())
		return nil
	}
	c, _ := find(s.subject())
	fmt.Fprint(s.out, c.usage())
	return nil
}

// usage lists all commands.
func usage() string {
	var b strings.Builder
	b.WriteString("vethbridge is a CNI plugin; started by hand it shows and mends what it made on this host.\n\n")
	for _, c := range Commands() {
		fmt.Fprintf(&b, "  vethbridge %-22s %s\n", strings.TrimSuffix(c.Name+" "+c.Subject, " "), c.Summary)
	}
	b.WriteString("\n\"vethbridge help COMMAND\" lists its flags.\n" + exitStatuses)
	return b.String()
}

// Synopsis is the command line with all that it can take, in parts that stay together.
func (c *Command) Synopsis() []string {
	parts := []string{"vethbridge " + c.Name}
	if c.Subject != "" {
		parts = append(parts, c.Subject)
	}
	for _, f := range c.Flags() {
		parts = append(parts, "["+f.String()+"]")
	}
	return parts
}

// usage is all about one command.
func (c *Command) usage() string {
	var b strings.Builder
	b.WriteString(wrap(c.Synopsis(), "    ") + "\n" + capital(c.Summary) + ".\n")
	if c.Detail != "" {
		b.WriteString(wrap(strings.Fields(c.Detail), ""))
	}
	if len(c.Flags()) > 0 {
		b.WriteString("\n")
	}
	for _, f := range c.Flags() {
		text := f.Summary
		if f.Default != "" {
			text += " (default " + f.Default + ")"
		}
		fmt.Fprintf(&b, "  %-18s %s\n", f, text)
	}
	b.WriteString("\n" + exitStatuses)
	return b.String()
}

// wrap makes lines that a terminal has room for; those after the first are indented.
func wrap(parts []string, indent string) string {
	const width = 80
	text, column := "", 0
	for i, part := range parts {
		switch {
		case i == 0:
		case column+1+len(part) > width:
			text, column = text+"\n"+indent, len(indent)
		default:
			text, column = text+" ", column+1
		}
		text, column = text+part, column+len(part)
	}
	return text + "\n"
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
