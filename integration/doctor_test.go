package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// illness is what the doctor says as JSON.
type illness struct {
	Severity, What, WayOut, See string
	Run                         []string
}

// TestTheDoctorNamesTheCauseAndHisWordsCureIt breaks a host, wants the doctor to say how, and does
// what he prescribes: his commands as they stand, or what he says in words.
func TestTheDoctorNamesTheCauseAndHisWordsCureIt(t *testing.T) {
	for _, a := range ailments() {
		t.Run(a.name, func(t *testing.T) {
			h, n := newDemo(t)
			c, _ := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			h.StopServing()
			if found := examine(t, h); len(found) > 0 {
				t.Errorf("before: %+v", found)
			}
			a.make(h, n, c)
			found := examine(t, h)
			if len(found) == 0 {
				t.Fatal("nothing found")
			}
			named := false
			for _, f := range found {
				named = named || strings.Contains(f.What, a.words)
				treat(t, h, a, f)
			}
			if !named {
				t.Errorf("want the words %q: %+v", a.words, found)
			}
			if a.cure != nil {
				a.cure(h, n, c)
			}
			if found := examine(t, h); len(found) > 0 {
				t.Errorf("after the cure: %+v", found)
			}
		})
	}
}

func examine(t *testing.T, h *testbed.Host) (found []illness) {
	t.Helper()
	out, status := operate(t, h, "doctor", "--json", "--config", "/nonexistent")
	if err := json.Unmarshal([]byte(out), &found); err != nil || (status == 0) != (len(found) == 0) {
		t.Fatalf("%v, exit %d: %s", err, status, out)
	}
	return found
}

// treat runs the commands of a finding; one without has words, which the ailment follows.
func treat(t *testing.T, h *testbed.Host, a ailment, f illness) {
	t.Helper()
	if len(f.Run) == 0 && (f.WayOut == "" || a.cure == nil) || f.See == "" {
		t.Errorf("no way out of %+v", f)
	}
	for _, command := range f.Run {
		h.Run("sh", "-ec", "PATH="+string(built)+":$PATH\n"+command)
	}
}

// TestTheDoctorLooksAtPoolsAndLeftovers is about what only a network's config tells.
func TestTheDoctorLooksAtPoolsAndLeftovers(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/29"}}}})
	conf := filepath.Join(t.TempDir(), "demo.conflist")
	list := testbed.Config{"name": "demo", "cniVersion": "1.0.0", "plugins": []any{n.Chain[0].With("hairpinmod", true)}}
	if err := os.WriteFile(conf, []byte(list.JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
	leases := t.TempDir()
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		n.Add(t, testbed.Container{ID: id, Netns: h.NewContainer()})
	}
	if err := os.MkdirAll(filepath.Join(leases, "demo"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(leases, "demo", "10.99.0.6"), []byte("old\neth0"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := operate(t, h, "doctor", "--config", conf, "--data-dir", leases)
	wants(t, out, status, 1, "network demo takes no container: check status: range set 0 of network demo has no free address")
	for _, words := range []string{"has 0 of 5 addresses left", "host-local has 1 leases of network demo", `hairpinmod is an unknown key; did you mean "hairpinMode"?`} {
		if status != 1 || !strings.Contains(out, words) {
			t.Errorf("status %d, want the words %q:\n%s", status, words, out)
		}
	}
}

// TestTheDoctorNamesWhatAConfigNeedsOfThisKernel is about VLANs, which a kernel can be without.
func TestTheDoctorNamesWhatAConfigNeedsOfThisKernel(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	conf := filepath.Join(t.TempDir(), "demo.conflist")
	list := testbed.Config{"name": "tagged", "cniVersion": "1.0.0", "plugins": []any{n.Chain[0].With("vlan", 100).With("ipam", nil), n.Chain[1].With("capabilities", testbed.Config{"portMappings": true})}}
	if err := os.WriteFile(conf, []byte(list.JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
	before := h.Snapshot()
	out, status := operate(t, h, "doctor", "--config", conf, "--data-dir", "/nonexistent")
	wants(t, out, status, 1, "network tagged takes no container: check status: this kernel has no VLAN filtering of bridges (CONFIG_BRIDGE_VLAN_FILTERING)",
		"docs/troubleshooting.md#a-network-takes-no-container")
	h.Same(t, before)
}
