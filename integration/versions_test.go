package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

var versions = []string{"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}

func TestEverySpecVersionGetsAResultOfItsOwnShape(t *testing.T) {
	h, n := newDemo(t)
	before := h.Snapshot()
	for _, version := range versions {
		n := n.With(0, "cniVersion", version).With(1, "cniVersion", version)
		c := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
		answer, _ := n.TryAdd(t, c)
		var result map[string]any
		if err := json.Unmarshal([]byte(answer.Stdout), &result); err != nil || answer.Exit != 0 {
			t.Fatalf("%s: exit %d: %s", version, answer.Exit, answer.Stdout)
		}
		_, hasIPs := result["ips"]
		_, hasIP4 := result["ip4"]
		if old := strings.HasPrefix(version, "0.1") || strings.HasPrefix(version, "0.2"); result["cniVersion"] != version || hasIP4 != old || hasIPs == old {
			t.Errorf("%s: result %s", version, answer.Stdout)
		}
		h.Serve(c.Netns, "tcp", 80, "web")
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
		n.Del(t, c, json.RawMessage(answer.Stdout))
		h.Same(t, before)
	}
}

func TestVersionNamesAllSpecVersions(t *testing.T) {
	h, n := newDemo(t)
	_ = h
	for _, plugin := range []string{"vethbridge", "natport"} {
		answer := n.Plugins.Do(t, testbed.Call{Plugin: plugin, Command: "VERSION"})
		var v struct{ SupportedVersions []string }
		if err := json.Unmarshal([]byte(answer.Stdout), &v); err != nil || strings.Join(v.SupportedVersions, " ") != strings.Join(versions, " ") {
			t.Errorf("%s: %s", plugin, answer.Stdout)
		}
	}
}

func TestStatusSaysWhenThePoolIsFull(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/30"}}}})
	status := func() testbed.Answer {
		return n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: n.Chain[0].JSON()})
	}
	if a := status(); a.Exit != 0 {
		t.Fatalf("with a free pool: %s", a.Stdout)
	}
	c, result := attach(t, h, n, "web")
	if e, ok := status().Error(); !ok || e.Code != 50 || !strings.Contains(e.Message, "1 of 1 in use") {
		t.Errorf("with a full pool: %+v", e)
	}
	n.Del(t, c, result.Raw)
	if a := status(); a.Exit != 0 {
		t.Errorf("after DEL: %s", a.Stdout)
	}
	if a := n.Plugins.Do(t, testbed.Call{Plugin: "natport", Command: "STATUS", Config: n.Chain[1].JSON()}); a.Exit != 0 {
		t.Errorf("natport: %s", a.Stdout)
	}
}

func TestStatusLogsWhatIsLeftInEachRangeSet(t *testing.T) {
	h, n := newDemo(t)
	log := filepath.Join(t.TempDir(), "log")
	c, result := attach(t, h, n, "web")
	conf := n.Chain[0].With("logFile", log).With("logLevel", "debug")
	if a := n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: conf.JSON()}); a.Exit != 0 {
		t.Errorf("STATUS: %s", a.Stdout)
	}
	text, err := os.ReadFile(log)
	for _, words := range []string{`"rangeSet":0,"free":252,"size":253`, `"rangeSet":1,"free":18446744073709551613,"size":18446744073709551614`} {
		if err != nil || !strings.Contains(string(text), words) {
			t.Errorf("%v, %s is not in the log:\n%s", err, words, text)
		}
	}
	n.Del(t, c, result.Raw)
}
