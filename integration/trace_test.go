package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestEveryLogLineNamesThePluginAndTheTraceOfItsCall is what lets a line be found from the runtime's trace. A state file
// that is torn meanwhile is told of in the same way.
func TestEveryLogLineNamesThePluginAndTheTraceOfItsCall(t *testing.T) {
	const traceID, spanID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for name, c := range map[string]struct{ traceparent, traceID, spanID string }{
		"well-formed": {"00-" + traceID + "-" + spanID + "-01", traceID, spanID},
		"malformed":   {"00-" + traceID + "-01", "", ""},
		"none":        {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			file := filepath.Join(t.TempDir(), "log")
			for plugin := range n.Chain {
				n = n.With(plugin, "logFile", file).With(plugin, "logLevel", "debug")
			}
			n.Wrap = []string{"env", "TRACEPARENT=" + c.traceparent}
			web := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
			result := n.Add(t, web)
			h.Run("truncate", "-s", "8192", filepath.Join(h.StateDir, "state.db"))
			n.Del(t, web, result.Raw)
			text, err := os.ReadFile(file)
			for _, words := range []string{"state file is corrupt, begin a new one", `"plugin":"vethbridge"`, `"plugin":"natport"`, `"took":"`} {
				if err != nil || !strings.Contains(string(text), words) {
					t.Fatalf("%v, want %s: %s", err, words, text)
				}
			}
			for line := range strings.Lines(string(text)) {
				var entry struct {
					Trace  *string `json:"trace_id"`
					Span   *string `json:"span_id"`
					Plugin string
				}
				err := json.Unmarshal([]byte(line), &entry)
				if err != nil || entry.Plugin == "" || !is(entry.Trace, c.traceID) || !is(entry.Span, c.spanID) {
					t.Errorf("%v: %s", err, line)
				}
			}
		})
	}
}

// is reports whether a key has the value; none is wanted if that is empty.
func is(key *string, value string) bool {
	return key == nil && value == "" || key != nil && *key == value && value != ""
}

// TestTheEnvironmentSaysWhereToLogUnlessTheConfigDoes is for runtimes whose configs nobody edits.
func TestTheEnvironmentSaysWhereToLogUnlessTheConfigDoes(t *testing.T) {
	h, n := newDemo(t)
	dir := t.TempDir()
	byEnvironment, byKey := filepath.Join(dir, "environment"), filepath.Join(dir, "key")
	n.Wrap = []string{"env", "VETHBRIDGE_LOGFILE=" + byEnvironment, "VETHBRIDGE_LOGLEVEL=debug"}
	n.Add(t, testbed.Container{ID: "web", Netns: h.NewContainer()})
	n.With(0, "logFile", byKey).With(0, "logLevel", "info").With(1, "logFile", byKey).Add(t, testbed.Container{ID: "db", Netns: h.NewContainer()})
	for file, words := range map[string][2]string{byEnvironment: {`"container":"web"`, `"container":"db"`}, byKey: {`"container":"db"`, `"container":"web"`}} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), words[0]) || strings.Contains(string(text), words[1]) {
			t.Errorf("%s: %v: %s", file, err, text)
		}
	}
	if text, _ := os.ReadFile(byEnvironment); !strings.Contains(string(text), `"level":"DEBUG"`) {
		t.Errorf("no line of a step: %s", text)
	}
}

// TestALogThatNobodyReadsKeepsNoCallWaiting has a named pipe for a log, whose opening waits for a reader.
func TestALogThatNobodyReadsKeepsNoCallWaiting(t *testing.T) {
	h, n := newDemo(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	h.Run("mkfifo", pipe)
	n.Wrap = []string{"timeout", "--signal=KILL", "30"}
	n = n.With(0, "logFile", pipe).With(1, "logFile", pipe)
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	answer, result := n.TryAdd(t, c)
	if answer.Exit != 0 || !strings.Contains(answer.Stderr, "open log file") {
		t.Fatalf("exit %d: %s%s, want a warning", answer.Exit, answer.Stdout, answer.Stderr)
	}
	n.Del(t, c, result.Raw)
}
