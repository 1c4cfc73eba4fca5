package operator

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

func TestEveryCommandHasHelpThatFitsATerminal(t *testing.T) {
	for _, c := range Commands() {
		var out, errOut bytes.Buffer
		if status := Run(context.Background(), []string{"help", c.Name}, nil, &out, &errOut); status != exitFine {
			t.Errorf("help %s: exit %d: %s", c.Name, status, errOut.String())
		}
		for line := range strings.Lines(out.String()) {
			if len(line) > 81 {
				t.Errorf("help %s: a line of %d: %s", c.Name, len(line), line)
			}
		}
		for _, f := range c.Flags() {
			if !strings.Contains(out.String(), "  "+f.String()) || !strings.Contains(out.String(), "["+f.String()+"]") {
				t.Errorf("help %s: %s is not in\n%s", c.Name, f, out.String())
			}
		}
	}
}

func TestEveryFlagOfACommandIsThere(t *testing.T) {
	for _, c := range Commands() {
		if c.run == nil {
			t.Errorf("%s does nothing", c.Name)
		}
		have := map[string]bool{}
		for _, f := range c.Flags() {
			have[f.Name] = true
			switch (&session{}).target(f).(type) {
			case *bool, *string, *time.Duration, value:
			default:
				t.Errorf("--%s can't be set", f.Name)
			}
		}
		for name := range strings.FieldsSeq(c.flags) {
			if !have[name] {
				t.Errorf("%s: there is no flag %q", c.Name, name)
			}
		}
	}
}

func TestTheReferencePageHasEveryCommandAndFlag(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(page), "## Commands for people")
	for _, c := range Commands() {
		row := "`" + strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(c.Synopsis(), " "), "[--state-dir DIR]", "")), " ") + "`"
		if !strings.Contains(commands, row) {
			t.Errorf("the page lacks %s", row)
		}
	}
}

func TestFlagsMayStandBeforeAndBehindTheSubject(t *testing.T) {
	c, _ := find("inspect")
	for _, line := range []string{"web --json", "--json web", "--state-dir /x web --json"} {
		s := &session{}
		if err := s.parse(c, strings.Fields(line)); err != nil || s.subject() != "web" || !s.json {
			t.Errorf("inspect %s: %v, subject %q, json %t", line, err, s.subject(), s.json)
		}
	}
	if err := (&session{}).parse(c, []string{"web", "db"}); err == nil || !strings.Contains(err.Error(), `unexpected argument "db"`) {
		t.Errorf("two subjects: %v", err)
	}
}

func TestAFilterLetsThroughWhatItNames(t *testing.T) {
	addresses := []string{"10.1.0.2/24", "fd00::2/64"}
	for text, want := range map[string]bool{
		"10.1.0.2": true, "10.1.0.3": false, "10.1.0.0/30": true, "fd00::2": true, "fd00::/64": true, "::ffff:10.1.0.2": true, "0.0.0.0/0": true,
	} {
		var f filter
		if err := f.address.Set(text); err != nil || f.addresses(addresses) != want {
			t.Errorf("--address %s: %v, want %t", text, err, want)
		}
	}
	mappings := []nat.Mapping{{Protocol: nat.UDP, HostPort: 53}}
	for text, want := range map[string]bool{"53": true, "53/udp": true, "53/UDP": true, "53/tcp": false, "5353": false} {
		var f filter
		if err := f.port.Set(text); err != nil || f.ports(mappings) != want {
			t.Errorf("--port %s: %v, want %t", text, err, want)
		}
	}
	if f := (filter{}); !f.addresses(nil) || !f.ports(nil) {
		t.Error("no filter lets not all through")
	}
}

func TestAnAttachmentOfAFormerBootHasNoAge(t *testing.T) {
	a := state.Attachment{BootID: "this", Created: state.Now()}
	if seconds, now := age(&a, "this"); seconds == nil || *seconds != 0 || now != "0s" {
		t.Errorf("%v seconds, %s now", seconds, now)
	}
	if seconds, after := age(&a, "next"); seconds != nil || after != "-" {
		t.Errorf("%v seconds, %s after a reboot", seconds, after)
	}
}

func TestAWrongCommandLineIsAnsweredByWhatItCouldBe(t *testing.T) {
	for line, answer := range map[string]string{
		"ls --jsn":             "did you mean --json?",
		"ls --zzzzzzzz":        "there is no flag --zzzzzzzz;",
		"ls --network":         "--network needs a value",
		"ls --json=perhaps":    `invalid value "perhaps" of --json: it is true or false, or stands alone`,
		"ls --port 0":          `invalid value "0" of --port: no port`,
		"trace a b c --wait x": `invalid value "x" of --wait`,
		"ls web":               `unexpected argument "web"`,
		"ls -- --json":         `unexpected argument "--json"`,
		"graph --format gif":   "--format is \"gif\", and can be text, dot",
		"completion tcsh":      "SHELL is \"tcsh\", and can be bash, zsh, fish",
		"inspekt web":          `did you mean "inspect"?`,
	} {
		var out, errOut bytes.Buffer
		if status := Run(t.Context(), strings.Fields(line), nil, &out, &errOut); status != exitUsage || out.Len() > 0 || !strings.Contains(errOut.String(), answer) {
			t.Errorf("%s: exit %d: %s%s", line, status, out.String(), errOut.String())
		}
	}
}

func TestAnAttachmentIsFoundByAnyOfItsPorts(t *testing.T) {
	r := row{mappings: []nat.Mapping{{Protocol: nat.UDP, HostPort: 5000, More: 999}, {Protocol: nat.TCP, HostPort: 8080}}}
	for subject, want := range map[string]bool{"5000": true, "5500": true, "5999/udp": true, "6000": false, "5500/tcp": false, "8080": true, "80": false, "0": false} {
		r.Container = "web"
		if r.is(subject) != want {
			t.Errorf("inspect %s: found: %t", subject, !want)
		}
	}
}
