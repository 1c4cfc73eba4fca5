package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestTheDoctorSeesWhoElseManagesOurLinks shows him a /run as NetworkManager and systemd-networkd
// keep it: a file for each link, by its index.
func TestTheDoctorSeesWhoElseManagesOurLinks(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	index, _, _ := strings.Cut(h.Run("ip", "-o", "link", "show", "demo0"), ":")
	for _, c := range []struct{ dir, text, words, command string }{
		{"NetworkManager/devices", "[device]\nmanaged=true\n", "NetworkManager manages demo0", "nmcli device set demo0 managed no"},
		{"NetworkManager/devices", "[device]\nmanaged=false\n", "", ""},
		{"systemd/netif/links", "# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\n", "systemd-networkd manages demo0", "networkctl reload"},
		{"systemd/netif/links", "ADMIN_STATE=unmanaged\n", "", ""},
	} {
		run := t.TempDir()
		if err := os.MkdirAll(filepath.Join(run, c.dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(run, c.dir, index), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		found := examineWith(t, h, run)
		switch {
		case c.words == "" && len(found) == 0:
		case len(found) != 1 || c.words == "" || !strings.Contains(found[0].What, c.words) || found[0].Run[len(found[0].Run)-1] != c.command:
			t.Errorf("%q: %+v, want %q and %q", c.text, found, c.words, c.command)
		}
	}
}

// examineWith asks the doctor with another /run.
func examineWith(t *testing.T, h *testbed.Host, run string) (found []illness) {
	t.Helper()
	const private = `mount --bind "$1" /run && shift && exec "$@"`
	out, _ := exec.Command("unshare", "--mount", "sh", "-ec", private, "sh", run,
		filepath.Join(string(built), "vethbridge"), "doctor", "--json", "--config", "/nonexistent", "--state-dir", h.StateDir).Output()
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return found
}
