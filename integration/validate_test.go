package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// validateText writes a config and judges it, in a namespace of nobody.
func validateText(t *testing.T, text string, args ...string) (out string, status int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.conflist")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(string(built), "vethbridge"), append([]string{"validate", file}, args...)...)
	answer, _ := cmd.CombinedOutput()
	return strings.ReplaceAll(string(answer), file, "x"), cmd.ProcessState.ExitCode()
}

func TestEverySampleIsValid(t *testing.T) {
	var files []string
	for _, pattern := range []string{"/*.conflist", "/kubernetes/*.conflist"} {
		found, err := filepath.Glob(confDir + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if out, status := validateText(t, string(text)); status != 0 || out != "x is right\n" {
			t.Errorf("%s: exit %d: %s", file, status, out)
		}
	}
}

func TestValidateSaysWhatIsWrongAndWhere(t *testing.T) {
	const head, natport = `{"cniVersion": "1.0.0", "name": "n", "plugins": [`, `,
{"type": "natport", "capabilities": {"portMappings": true}}`
	vethbridge := func(keys string) string { return head + "\n{\"type\": \"vethbridge\"" + keys + "}" }
	for text, want := range map[string]string{
		"[]": "x:1:1: warning: no plugin of type vethbridge or natport is in it",
		`{"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge"}]}`:       "x:1:1: warning: no plugin of type vethbridge or natport is in it",
		`{"cniVersion": "1.0.0", "name": "a b", "plugins": [{"type": "vethbridge"}]}`: "x:1:33: problem: name begins with a letter or digit, and has only those and _.-",
		`{"cniVersion": "1.0.0", "name": ".a", "plugins": [{"type": "vethbridge"}]}`:  "x:1:33: problem: name begins with a letter or digit, and has only those and _.-",
		"{":                                      "x:1:1: problem: is no JSON: unexpected end of JSON input",
		`{"cniVersion": "1.0.0", "plugins": []}`: "x:1:1: problem: name is missing",
		vethbridge(`, "hairpinmod": true`) + natport + "]}":                                                                          `x:2:24: warning: plugins[0].hairpinmod is an unknown key; did you mean "hairpinMode"?`,
		vethbridge(`, "mtu": "1500"`) + "]}":                                                                                         "x:2:31: problem: plugins[0].mtu must be an integer, not a string",
		vethbridge(`, "mode": "ruoted"`) + "]}":                                                                                      `x:2:32: problem: plugins[0].mode is "ruoted", and can be nat, routed, isolated; did you mean "routed"?`,
		vethbridge(`, "mtu": 20`) + "]}":                                                                                             "x:2:31: problem: validate config: mtu",
		vethbridge(`, "ipam": {"ranges": [[{"subnet": "10.1.0.0/24", "gateway": "10.2.0.1"}]]}`) + "]}":                              "x:2:82: problem: validate config: ipam.ranges[0][0].gateway",
		vethbridge(`, "ipam": {"type": "dhcp", "daemonSocketPath": "/run/x"}`) + natport + "]}":                                      "x is right",
		vethbridge(`, "ipam": {"type": "", "subnet": "10.1.0.0/24"}`) + "]}":                                                         "x is right",
		vethbridge(`, "ipam": {"type": ""}`) + "]}":                                                                                  "x is right",
		vethbridge(`, "ipMasq": true, "internal": true`) + "]}":                                                                      "x:2:34: problem: validate config: ipMasq",
		vethbridge("") + `, {"type": "natport"}]}`:                                                                                   `x:2:34: warning: without "capabilities": {"portMappings": true} no runtime tells natport`,
		vethbridge("") + `, {"type": "natport", "capabilities": {"portMappings": true}, "markMasqBit": 14, "backend": "nftables"}]}`: "problem: validate config: markMasqBit",
		head + natport[1:] + "]}":                                                                                                    "x:2:10: problem: natport needs a plugin before it that makes the interface",
		vethbridge("") + `, {"type": "tuning", "capabilities": {"mac": true}}]}`:                                                     "x:2:34: warning: tuning gives another MAC address, and the spoof guard drops",
		vethbridge(`, "capabilities": {"mac": true}`) + `, {"type": "tuning", "capabilities": {"mac": true}}]}`:                      "x is right",
		vethbridge(`, "capabilities": {"mac": true}`) + `, {"type": "tuning", "mac": "02:00:00:00:00:01"}]}`:                         "warning: tuning gives another MAC address",
		vethbridge(`, "spoofGuard": false`) + `, {"type": "tuning", "mac": "02:00:00:00:00:01"}]}`:                                   "x is right",
		vethbridge("") + natport + `, {"type": "portmap"}]}`:                                                                         "natport and portmap both publish the ports",
		`{"cniVersion": "1.0.0", "name": "n", "type": "vethbridge", "vlan": 4095}`:                                                   "x:1:68: problem: vlan is 4095, and can be 0 to 4094",
		vethbridge("") + `, {"type": "natport", "capabilities": {"portMappings": true}, "runtimeConfig": {"portMappings": [{"hostPort": 80, "containerPort": 80, "hostIP": "255.255.255.255"}]}}]}`: "x:2:168: problem: validate config: runtimeConfig.portMappings[0].hostIP",
	} {
		out, status := validateText(t, text)
		wantStatus := 1
		switch {
		case strings.HasSuffix(want, "right"):
			wantStatus = 0
		case strings.Contains(want, "warning: "):
			wantStatus = 3
		}
		if !strings.Contains(out, want) || status != wantStatus {
			t.Errorf("%s:\nexit %d: %s\nwant %s", text, status, out, want)
		}
	}
	out, status := validateText(t, vethbridge(`, "vlan": -1, "bridg": "x"`)+"]}", "--json")
	var remarks []struct {
		Line, Column  int
		Severity, Key string
	}
	if err := json.Unmarshal([]byte(out), &remarks); err != nil || status != 1 || len(remarks) != 2 || remarks[1].Key != "plugins[0].bridg" || remarks[1].Line != 2 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestValidateSaysThatNatportCouldNotBeAsked: its schema takes what its code may refuse.
func TestValidateSaysThatNatportCouldNotBeAsked(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(string(built), "vethbridge"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	alone := filepath.Join(dir, "vethbridge")
	if err := os.WriteFile(alone, text, 0o755); err != nil {
		t.Fatal(err)
	}
	for what, natport := range map[string]string{
		"no such file or directory": "",
		"exit status 2":             "#!/bin/sh\necho 'there is no command'; exit 2\n",
		"signal: killed":            "#!/bin/sh\nkill -9 $$\n",
	} {
		if natport != "" {
			if err := os.WriteFile(filepath.Join(dir, "natport"), []byte(natport), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(alone, "validate", confDir+"/kubernetes.conflist")
		out, _ := cmd.CombinedOutput()
		if said := string(out); cmd.ProcessState.ExitCode() != 3 || !strings.Contains(said, "warning: natport could not be asked (") || !strings.Contains(said, what+"): only its schema was") {
			t.Errorf("%s: %v: %s", what, cmd.ProcessState, said)
		}
		_ = os.Remove(filepath.Join(dir, "natport"))
	}
}

// TestNatportAnswersPeople: its own help, its own judgement, and nothing of a plugin's words.
func TestNatportAnswersPeople(t *testing.T) {
	run := func(stdin string, args ...string) (string, int) {
		cmd := exec.Command(filepath.Join(string(built), "natport"), args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	for _, c := range []struct {
		stdin, command string
		status         int
		words          string
	}{
		{"", "help", 0, "vethbridge trace CLIENT HOST 8080"}, {"", "ls", 2, `there is no command "ls"`},
		{`{"ipMasq": true}`, "validate", 0, ""}, {`{"backend": "ipfw"}`, "validate", 1, `validate config: backend "ipfw"`}, {"{", "validate", 1, "decode config"},
	} {
		if out, status := run(c.stdin, c.command); status != c.status || !strings.Contains(out, c.words) {
			t.Errorf("natport %s: exit %d: %s", c.command, status, out)
		}
	}
}
