package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"vethbridge/integration/testbed"
)

// countsFile holds the counts of every verb, for people to read and for this test to compare.
const countsFile = "counts.txt"

// verbs are in the order in which they are counted: each leaves what the next one needs.
var verbs = []string{"STATUS", "ADD", "CHECK", "GC", "DEL"}

// TestNoVerbAsksMoreOfTheKernelThanRecorded counts instead of timing: a dump too many, a file
// read twice or a process started stands out on any machine, however loaded. A change on
// purpose is recorded with -update.
func TestNoVerbAsksMoreOfTheKernelThanRecorded(t *testing.T) {
	least := countVerbs(t)
	for range 2 { // the Go runtime adds some calls now and then
		for name, c := range countVerbs(t) {
			least[name] = least[name].least(c)
		}
	}
	if *update {
		golden(t, countsFile, countsTable(least))
	}
	recorded := recordedCounts(t)
	for name, now := range least {
		for kind, was := range recorded[name] {
			switch {
			case now[kind] > was:
				t.Errorf("%s: %d %s, %d are recorded", name, now[kind], countNames[kind], was)
			case now[kind] < was:
				t.Logf("%s: only %d %s, %d are recorded: run this with -update", name, now[kind], countNames[kind], was)
			}
		}
	}
}

// recordedCounts reads what countsTable wrote.
func recordedCounts(t *testing.T) map[string]counts {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", countsFile))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]counts{}
	for _, line := range strings.Split(string(text), "\n")[1:] {
		words := strings.Fields(line)
		if len(words) != 2+int(kinds) {
			continue
		}
		var c counts
		for kind := range c {
			if c[kind], err = strconv.Atoi(words[2+kind]); err != nil {
				t.Fatal(err)
			}
		}
		all[words[0]+" "+words[1]] = c
	}
	if len(all) != 2*len(verbs) {
		t.Fatalf("%d rows in %s", len(all), countsFile)
	}
	return all
}

// countVerbs counts each verb of each plugin for a container with one port of both families,
// beside another one.
func countVerbs(t *testing.T) map[string]counts {
	h, n := newDemo(t)
	attach(t, h, n, "other", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "other", "") // where nothing is tracked, DEL looks for nothing
	all := map[string]counts{}
	eachVerb(t, h, n, func(name string, call testbed.Call) (stdout string) {
		stdout, all[name] = counted(t, n.Plugins, call)
		return stdout
	})
	return all
}

// eachVerb has make call each verb of each plugin for a container "web", beside one called "other".
func eachVerb(t *testing.T, h *testbed.Host, n testbed.Network, make func(name string, call testbed.Call) (stdout string)) {
	c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8081, ContainerPort: 80}}}
	valid := []any{testbed.Config{"containerID": "web", "ifname": "eth0"}, testbed.Config{"containerID": "other", "ifname": "eth0"}}
	n = n.With(0, "cni.dev/valid-attachments", valid).With(1, "cni.dev/valid-attachments", valid).
		With(1, "runtimeConfig", testbed.Config{"portMappings": c.Ports})
	var result json.RawMessage
	for _, verb := range verbs {
		for _, conf := range inOrder(verb, n.Chain) {
			plugin := conf["type"].(string)
			name := plugin + " " + verb
			if result != nil {
				conf = conf.With("prevResult", result)
			}
			stdout := make(name, testbed.Call{Plugin: plugin, Command: verb, Container: c.ID, Netns: c.Netns, Config: conf.JSON()})
			if verb == "ADD" {
				result = json.RawMessage(stdout)
			}
		}
	}
}

// inOrder is the chain as a runtime goes through it: up for DEL, else down.
func inOrder(verb string, chain []testbed.Config) []testbed.Config {
	chain = slices.Clone(chain)
	if verb == "DEL" {
		slices.Reverse(chain)
	}
	return chain
}

// counted makes a call that must succeed, and counts what it asks of the kernel.
func counted(t *testing.T, p testbed.Plugins, call testbed.Call) (stdout string, c counts) {
	t.Helper()
	stdout, trace := straced(t, p, call)
	for line := range strings.Lines(trace) {
		c.add(line)
	}
	return stdout, c
}

// straced makes a call that must succeed, and returns what strace(1) writes about it.
func straced(t *testing.T, p testbed.Plugins, call testbed.Call) (stdout, text string) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	call.Wrap = []string{"strace", "-f", "-qq", "-v", "-s", "4096", "-e", "signal=none", "-o", trace}
	answer := p.Do(t, call)
	if answer.Exit != 0 {
		t.Fatalf("%s of %s: %s%s", call.Command, call.Plugin, answer.Stdout, answer.Stderr)
	}
	written, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Stdout, string(written)
}

func countsTable(all map[string]counts) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\t%s\t\n", strings.Join(countNames[:], "\t"))
	for _, verb := range verbs {
		for _, plugin := range []string{"vethbridge", "natport"} {
			name := plugin + " " + verb
			fmt.Fprint(table, name, "\t")
			for _, n := range all[name] {
				fmt.Fprint(table, n, "\t")
			}
			fmt.Fprintln(table)
		}
	}
	if err := table.Flush(); err != nil {
		panic(err) // of a strings.Builder
	}
	return text.String()
}
