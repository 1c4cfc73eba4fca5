package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// delegated is an IPAM plugin that notes how it is called, and lets the reference host-local do
// the work.
type delegated struct{ dir string }

// recorder fails in the verb that the file "fails" names.
const recorder = `#!/bin/sh
dir=%s
cat > $dir/stdin
echo "$CNI_COMMAND $CNI_CONTAINERID" >> $dir/calls
cp $dir/stdin $dir/stdin.$CNI_COMMAND
if [ "$CNI_COMMAND" = "$(cat $dir/fails)" ]; then
  echo '{"cniVersion": "1.1.0", "code": 50, "msg": "as told", "details": "by the test"}'
  exit 1
fi
case $CNI_COMMAND in
GC|STATUS) ;;
*) sed 's/"type":"recorder"/"type":"host-local"/' $dir/stdin | %s/host-local ;;
esac
`

// newDelegated puts the plugin beside the others, under the name "recorder".
func newDelegated(t *testing.T, n testbed.Network) (testbed.Network, delegated) {
	t.Helper()
	d := delegated{t.TempDir()}
	plugins := t.TempDir()
	for _, name := range []string{"vethbridge", "natport", "host-local"} {
		if err := os.Symlink(filepath.Join(string(built), name), filepath.Join(plugins, name)); err != nil {
			t.Fatal(err)
		}
	}
	d.fail(t, "")
	if err := os.WriteFile(filepath.Join(plugins, "recorder"), fmt.Appendf(nil, recorder, d.dir, built), 0o755); err != nil {
		t.Fatal(err)
	}
	n.Plugins = testbed.Plugins(plugins)
	return n.With(0, "ipam", testbed.Config{"type": "recorder", "dataDir": d.dir, "subnet": "10.97.0.0/24"}), d
}

// fail makes the plugin fail in a verb from now on; "" in none.
func (d delegated) fail(t *testing.T, verb string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, "fails"), []byte(verb), 0o600); err != nil {
		t.Fatal(err)
	}
}

// called wants the calls since the last question.
func (d delegated) called(t *testing.T, want ...string) {
	t.Helper()
	path := filepath.Join(d.dir, "calls")
	text, _ := os.ReadFile(path)
	if got := strings.Join(strings.Split(strings.TrimSpace(string(text)), "\n"), ", "); got != strings.Join(want, ", ") {
		t.Errorf("the IPAM plugin was called with %q, want %q", got, want)
	}
	_ = os.Remove(path)
}

// stdin is what the plugin was given in the last call of a verb.
func (d delegated) stdin(t *testing.T, verb string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "stdin."+verb))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryVerbIsPassedOnToADelegatedIPAMPlugin(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	n, d := newDelegated(t, n)
	call := func(command string, conf testbed.Config) testbed.Answer {
		return n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: command, Config: conf.JSON()})
	}
	c, result := attach(t, h, n, "web")
	d.called(t, "ADD web")
	if a := n.Check(t, c, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK: %s", a.Stdout)
	}
	d.called(t, "CHECK web")
	if a := call("STATUS", n.Chain[0]); a.Exit != 0 {
		t.Errorf("STATUS: %s", a.Stdout)
	}
	d.called(t, "STATUS")
	valid := []any{testbed.Config{"containerID": "web", "ifname": "eth0"}}
	if a := call("GC", n.Chain[0].With("cni.dev/valid-attachments", valid)); a.Exit != 0 {
		t.Errorf("GC: %s", a.Stdout)
	}
	d.called(t, "GC")
	if in := d.stdin(t, "GC"); !strings.Contains(in, `"cni.dev/valid-attachments"`) || !strings.Contains(in, `"containerID":"web"`) {
		t.Errorf("GC was given %s", in)
	}
	n.Del(t, c, result.Raw)
	d.called(t, "DEL web")
	h.Same(t, before)
}

// TestAFailureOfADelegatedIPAMPluginIsPassedOn: its DEL follows a failed ADD, as the spec demands.
func TestAFailureOfADelegatedIPAMPluginIsPassedOn(t *testing.T) {
	h, n := newDemo(t)
	n, d := newDelegated(t, n)
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	before := h.Snapshot()
	d.fail(t, "ADD")
	answer, _ := n.TryAdd(t, c)
	if e, _ := answer.Error(); e.Code != 50 || !strings.Contains(e.Message, "as told") || e.Details != "by the test" {
		t.Errorf("ADD: %s", answer.Stdout)
	}
	d.called(t, "ADD web", "DEL web")
	h.Same(t, before)
	d.fail(t, "STATUS")
	answer = n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: n.Chain[0].JSON()})
	if e, _ := answer.Error(); e.Code != 50 || !strings.Contains(e.Message, "as told") {
		t.Errorf("STATUS: %s", answer.Stdout)
	}
	d.called(t, "STATUS")
	d.fail(t, "")
	result := n.Add(t, c)
	d.called(t, "ADD web")
	d.fail(t, "DEL")
	if answer := n.TryDel(t, c, 0); answer.Exit == 0 {
		t.Error("DEL succeeds though the address may not have been given back")
	}
	d.called(t, "DEL web")
	d.fail(t, "")
	n.Del(t, c, result.Raw)
	d.called(t, "DEL web")
	h.Same(t, before)
}
