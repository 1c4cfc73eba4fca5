package integration

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestEveryCommandOnABusyHostIsAsRecorded runs each command on a host with three networks and twenty
// attachments, one of them drifted and one dead, and compares what it prints with testdata/commands.txt,
// which is for people to read, too. A change on purpose is recorded with -update.
func TestEveryCommandOnABusyHostIsAsRecorded(t *testing.T) {
	h := newBusyHost(t)
	var record strings.Builder
	for _, line := range commandLines(t) {
		out, status := operate(t, h, strings.Fields(line)...)
		if strings.HasSuffix(line, "--format png") {
			continue // TestGraphvizDrawsTheGraph looks at it
		}
		fmt.Fprintf(&record, "$ vethbridge %s\n%s", line, steady(h, out))
		if status != 0 {
			fmt.Fprintf(&record, "exit status %d\n", status)
		}
		record.WriteString("\n")
	}
	golden(t, "commands.txt", record.String())
}

// commandLines are all commands that there are; those that mend come last.
func commandLines(t *testing.T) []string {
	t.Helper()
	lines := []string{
		"help", "ls", "ls --check --narrow", "ls --network backend", "ls --port 8001", "inspect web-07", "inspect web-07 --json", "check", "check --state", "doctor --config /nonexistent",
		"trace web-01 web-02 80", "trace web-01 198.51.100.2 9", "graph", "graph --network isolated --format dot", "graph --network isolated --format mermaid", "graph --format png",
		"metrics --network backend", "validate testdata/wrong.conflist", "repair --dry-run", "gc --dry-run", "repair", "gc", "check",
		"import --config ../conf/10-demo.conflist --data-dir testdata/leases --dry-run", "completion fish", "version", "help trace",
	}
	out, err := exec.Command(filepath.Join(string(built), "vethbridge"), "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range regexp.MustCompile(`(?m)^  vethbridge (\w+)`).FindAllStringSubmatch(string(out), -1) {
		if !strings.Contains("\n"+strings.Join(lines, "\n"), "\n"+command[1]) {
			t.Errorf("%s is not recorded", command[1])
		}
	}
	return lines
}

// newBusyHost has a published, a backend and an isolated network, a container on which a rule is
// missing, and one whose runtime has died with it.
func newBusyHost(t *testing.T) *testbed.Host {
	t.Helper()
	h, n := newDemo(t)
	for i := range 12 {
		attach(t, h, n, fmt.Sprintf("web-%02d", i), testbed.Port{HostPort: 8000 + i, ContainerPort: 80})
	}
	backend := otherNetwork(n)
	for plugin := range backend.Chain {
		backend = backend.With(plugin, "name", "backend")
	}
	for i := range 5 {
		attach(t, h, backend, fmt.Sprintf("db-%d", i))
	}
	isolated := backend.With(0, "name", "isolated").With(0, "bridge", "iso0").With(0, "mode", "isolated").With(0, "isDefaultGateway", nil).
		With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.97.0.0/29"}}}})
	isolated.Chain = isolated.Chain[:1]
	attach(t, h, isolated, "vault-0")
	attach(t, h, isolated, "vault-1")
	dead, _ := attach(t, h, isolated, "vault-2")
	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8007 }")
	h.RunIn(dead.Netns, "ip", "link", "del", "eth0")
	h.StopServing() // sockets keep a namespace alive
	h.Forget(dead.Netns)
	awaitDeath(t, h)
	return h
}

// steady puts words for what differs from run to run: ages, times, ports that the kernel chooses, counters,
// and the places of this test.
func steady(h *testbed.Host, out string) string {
	out = strings.ReplaceAll(out, h.StateDir, "/run/vethbridge")
	for _, r := range []struct{ what, with string }{
		{`(?m)(  |for )(\d+m)?\d+s$`, "${1}AGE"}, {`"ageSeconds": \d+`, `"ageSeconds": AGE`}, {`("packets"|"bytes"|"dropped"): \d+`, "${1}: N"}, {`(namespace["]?:? +"?)/[^"\s]+`, "${1}/run/netns/web"},
		{`\b[0-9a-f]{2}(:[0-9a-f]{2}){5}(, MTU|",\s+"mtu": 1500,\s+"up": true,\s+"rec)`, "MAC${2}"}, {`\d+ packets, \d+ bytes(, \d+ dropped)?`, "N packets, N bytes"}, {`((?:tcp|udp) [\d.]+):[3-6]\d{4}\b`, "${1}:PORT"},
		{`((?:answered by \S+ to|->) [\d.]+):[3-6]\d{4}\b`, "${1}:PORT"}, {`(last_operation_(?:duration|timestamp)_seconds\{[^}]*\}) \d+\.\d+`, "${1} SECONDS"},
		{`(built with +)go.*`, "${1}GO"},
	} {
		out = regexp.MustCompile(r.what).ReplaceAllString(out, r.with)
	}
	return out
}
