package testbed

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"testing"
)

// AddAll adds all containers at the same time, plugin after plugin, and returns their
// results. A failure of any ends the test.
func (n Network) AddAll(t testing.TB, containers []Container) []Result {
	t.Helper()
	previous := make([]json.RawMessage, len(containers))
	for _, conf := range n.Chain {
		for i, out := range n.all(t, "ADD", conf, containers, previous) {
			previous[i] = out
		}
	}
	results := make([]Result, len(containers))
	for i, raw := range previous {
		results[i].Raw = raw
		if err := json.Unmarshal(raw, &results[i]); err != nil {
			t.Fatal(err)
		}
	}
	return results
}

// DelAll removes all containers at the same time.
func (n Network) DelAll(t testing.TB, containers []Container) {
	t.Helper()
	for _, conf := range slices.Backward(n.Chain) {
		n.all(t, "DEL", conf, containers, make([]json.RawMessage, len(containers)))
	}
}

// all starts a call for every container before it waits for any. The processes are started
// by the test's own thread, which is what puts them on the host.
func (n Network) all(t testing.TB, command string, conf Config, containers []Container, previous []json.RawMessage) []json.RawMessage {
	t.Helper()
	commands := make([]*exec.Cmd, len(containers))
	outputs, warnings := make([]bytes.Buffer, len(containers)), make([]bytes.Buffer, len(containers))
	for i, c := range containers {
		call := conf.With("runtimeConfig", Config{"portMappings": c.Ports})
		if previous[i] != nil {
			call = call.With("prevResult", previous[i])
		}
		commands[i] = n.Plugins.Command(Call{Plugin: conf["type"].(string), Command: command, Container: c.ID, Netns: c.Netns, Config: call.JSON()})
		commands[i].Stdout, commands[i].Stderr = &outputs[i], &warnings[i]
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	answers := make([]json.RawMessage, len(containers))
	for i, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s of %s: %v: %s%s", command, containers[i].ID, err, outputs[i].String(), warnings[i].String())
		}
		answers[i] = outputs[i].Bytes()
	}
	if t.Failed() {
		t.FailNow()
	}
	return answers
}
