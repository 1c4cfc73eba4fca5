package operator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vethbridge/internal/failure"
	"vethbridge/internal/schema"
)

// value is what the text of a flag is read into.
type value interface{ Set(text string) error }

// parse reads what stands behind the command's name: its subject may stand before, between or
// behind the flags, and what comes behind "--" is no flag.
func (s *session) parse(c *Command, args []string) error {
	flags := c.Flags()
	if c.offline {
		flags = append(flags, flagNamed("state-dir")) // every command takes it
	}
	for _, f := range flags {
		if f.Default != "" {
			_ = f.set(s, f.Default)
		}
	}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch name := strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-"); {
		case word == "--":
			for _, subject := range args {
				if err := s.about(c, subject); err != nil {
					return err
				}
			}
			args = nil
		case name == word || name == "":
			if err := s.about(c, word); err != nil {
				return err
			}
		default:
			taken, err := s.flag(flags, name, args)
			if err != nil {
				return err
			}
			args = args[taken:]
		}
	}
	return s.words(c)
}

// about takes an argument that is no flag.
func (s *session) about(c *Command, subject string) error {
	if len(s.subjects) == len(strings.Fields(c.Subject)) {
		return fmt.Errorf("unexpected argument %q", subject)
	}
	s.subjects = append(s.subjects, subject)
	return nil
}

// flag reads "name=value", or a name whose value is the next argument, and returns how many of those it has
// taken. A switch stands alone.
func (s *session) flag(flags []*Flag, word string, next []string) (taken int, err error) {
	name, text, given := strings.Cut(word, "=")
	if name == "h" || name == "help" {
		return 0, errHelp
	}
	i := slices.IndexFunc(flags, func(f *Flag) bool { return f.Name == name })
	switch {
	case i < 0:
		return 0, unknownFlag(flags, name)
	case given:
	case flags[i].Value == "":
		text = "true"
	case len(next) == 0:
		return 0, fmt.Errorf("--%s needs a value", name)
	default:
		text, taken = next[0], 1
	}
	if err := flags[i].set(s, text); err != nil {
		return 0, failure.To("invalid value "+strconv.Quote(text)+" of --"+name, err)
	}
	return taken, nil
}

func unknownCommand(name string) error {
	if near := schema.Nearest(strings.TrimLeft(name, "-"), names()); near != "" {
		return fmt.Errorf("there is no command %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("there is no command %q", name)
}

func unknownFlag(flags []*Flag, name string) error {
	var names []string
	for _, f := range flags {
		names = append(names, f.Name)
	}
	if near := schema.Nearest(name, names); near != "" {
		return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, near)
	}
	return fmt.Errorf("there is no flag --%s", name)
}

// set reads the text of a flag.
func (f *Flag) set(s *session, text string) (err error) {
	switch target := s.target(f).(type) {
	case *bool:
		if *target, err = strconv.ParseBool(text); err != nil {
			return errors.New("it is true or false, or stands alone")
		}
	case *string:
		*target = text
	case *time.Duration:
		*target, err = time.ParseDuration(text)
	case value:
		err = target.Set(text)
	}
	return err
}

// words refuses what is none of the words that a subject or a flag can be.
func (s *session) words(c *Command) error {
	for _, f := range c.Flags() {
		if text, ok := s.target(f).(*string); ok && len(f.Words) > 0 && !slices.Contains(f.Words, *text) {
			return fmt.Errorf("--%s is %q, and can be %s", f.Name, *text, strings.Join(f.Words, ", "))
		}
	}
	if len(c.Words) > 0 && !slices.Contains(c.Words, s.subject()) {
		return fmt.Errorf("%s is %q, and can be %s", c.Subject, s.subject(), strings.Join(c.Words, ", "))
	}
	if wanted := strings.Fields(c.Subject); len(s.subjects) < len(wanted) && c.Name != "help" {
		return fmt.Errorf("%s is missing", strings.Join(wanted[len(s.subjects):], " "))
	}
	if c.Name == "help" && s.subject() != "" && !slices.Contains(names(), s.subject()) {
		return unknownCommand(s.subject())
	}
	return nil
}
