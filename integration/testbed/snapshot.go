package testbed

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// volatile are counters and clocks in the output of ip(8), what a bridge keeps of its former ports'
// abilities, and elements that nft(8) counts packets by and that go by themselves.
var volatile = regexp.MustCompile(`\s+elements = \{[^}]* limit rate [^}]*\}|(?:valid|preferred)_lft \S+|(expires) \d+sec|\w+_timer +\S+|tso_max_size \d+|link-netns \S+|link-netnsid \d+| tentative`)

// Snapshot is the state of the host's kernel as text: links with their details, addresses,
// routes, rules, and the sysctls that the plugins may set.
func (h *Host) Snapshot() string {
	h.t.Helper()
	var b strings.Builder
	for _, command := range [][]string{
		{"ip", "-details", "address"}, {"ip", "route"}, {"ip", "-6", "route"}, {"nft", "--stateless", "list", "ruleset"},
	} {
		b.WriteString("# " + strings.Join(command, " ") + "\n")
		// What ip says on stderr is of namespaces in /run/netns, whoever is about to make one there.
		out, err := exec.Command(command[0], command[1:]...).Output()
		if err != nil {
			h.t.Fatalf("%v: %v", command, err)
		}
		b.WriteString(volatile.ReplaceAllString(string(out), "$1"))
	}
	b.WriteString("# sysctls\n")
	for _, key := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/uplink/accept_ra"} {
		value, err := os.ReadFile("/proc/sys/" + key)
		if err != nil && hasIPv6() {
			h.t.Fatal(err)
		}
		b.WriteString(key + " = " + string(value))
	}
	return b.String()
}

// Same fails the test if the host is not as before, byte for byte.
func (h *Host) Same(t testing.TB, before string) {
	t.Helper()
	after := h.Snapshot()
	if after == before {
		return
	}
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			t.Errorf("gone: %s", line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			t.Errorf("left over: %s", line)
		}
	}
	t.Errorf("the host is not as before:\n%s\nbut:\n%s", before, after)
}
