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

// nmcli does to the files of a /run what NetworkManager 1.42 was seen to do after "nmcli device set LINK managed no".
const nmcli = `#!/bin/sh
[ "$1 $2 $4 $5" = "device set managed no" ] || exit 2
sed -i s/managed=true/managed=false/ /run/NetworkManager/devices/$(cat /sys/class/net/$3/ifindex)
`

// TestTheDoctorSeesWhoElseManagesOurLinks shows him a /run as NetworkManager and systemd-networkd
// keep it: a file for each link, by its index.
func TestTheDoctorSeesWhoElseManagesOurLinks(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	index, _, _ := strings.Cut(h.Run("ip", "-o", "link", "show", "demo0"), ":")
	const managed = "[device]\nmanaged=true\nconnection-uuid=c53c8f06-f18d-4f4d-8289-7b704a85c45d\nnm-owned=false\n"
	for _, c := range []struct {
		files          map[string]string
		words, command string
	}{
		{map[string]string{"NetworkManager/devices/" + index: managed}, "NetworkManager manages demo0", "nmcli device set demo0 managed no"},
		{map[string]string{"NetworkManager/devices/" + index: managed, "NetworkManager/system-connections/demo0.nmconnection": "[.nmmeta]\nnm-generated=true\n"},
			"NetworkManager manages demo0", "nmcli device set demo0 managed no"},
		{map[string]string{"NetworkManager/devices/" + index: managed, "NetworkManager/system-connections/demo0.nmconnection": "[.nmmeta]\nnm-generated=true\nvolatile=true\nexternal=true\n"}, "", ""},
		{map[string]string{"NetworkManager/devices/" + index: "[device]\nmanaged=false\n"}, "", ""},
		{map[string]string{"systemd/netif/links/" + index: "# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\n"},
			"systemd-networkd manages demo0", "networkctl reload"},
		{map[string]string{"systemd/netif/links/" + index: "ADMIN_STATE=unmanaged\n"}, "", ""},
	} {
		run := t.TempDir()
		for name, text := range c.files {
			writeFile(t, filepath.Join(run, name), text, 0o644)
		}
		found := examineWith(t, h, "mount --bind "+run+" /run")
		switch {
		case c.words == "" && len(found) == 0:
		case len(found) != 1 || c.words == "" || !strings.Contains(found[0].What, c.words) || found[0].Run[len(found[0].Run)-1] != c.command:
			t.Errorf("%q: %+v, want %q and %q", c.files, found, c.words, c.command)
		case strings.HasPrefix(c.command, "nmcli"):
			writeFile(t, filepath.Join(run, "nmcli"), nmcli, 0o755)
			if left := examineWith(t, h, "mount --bind "+run+" /run; mount -t sysfs sysfs /sys; PATH=/run:$PATH; "+c.command); len(left) > 0 {
				t.Errorf("after the cure: %+v", left)
			}
		}
	}
}

// TestTheDoctorWarnsBeforeTheConnectionsThatCanBeTrackedAreUsedUp: their number is one for the whole kernel, so he
// is shown a file in place of the real one.
func TestTheDoctorWarnsBeforeTheConnectionsThatCanBeTrackedAreUsedUp(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	dir := t.TempDir()
	private := ""
	for name, value := range map[string]string{"nf_conntrack_count": "59000\n", "nf_conntrack_max": "65536\n"} {
		writeFile(t, filepath.Join(dir, name), value, 0o644)
		private += "mount --bind " + filepath.Join(dir, name) + " /proc/sys/net/netfilter/" + name + "; "
	}
	found := examineWith(t, h, private)
	if len(found) != 1 || !strings.Contains(found[0].What, "59000 of 65536 connections are tracked") || len(found[0].Run) != 1 {
		t.Fatalf("%+v", found)
	}
	if left := examineWith(t, h, private+found[0].Run[0]+" >&2"); len(left) > 0 {
		t.Errorf("after the cure: %+v", left)
	}
	writeFile(t, filepath.Join(dir, "nf_conntrack_max"), "65536\n", 0o644)
	writeFile(t, filepath.Join(dir, "nf_conntrack_count"), "58000\n", 0o644)
	if found := examineWith(t, h, private); len(found) > 0 {
		t.Errorf("with room left: %+v", found)
	}
}

func writeFile(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(text), mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// examineWith asks the doctor after commands that change what he sees of the host, and nobody else.
func examineWith(t *testing.T, h *testbed.Host, private string) (found []illness) {
	t.Helper()
	out, err := exec.Command("unshare", "--mount", "sh", "-ec", private+"\nexec \"$@\"", "sh",
		filepath.Join(string(built), "vethbridge"), "doctor", "--json", "--config", "/nonexistent", "--state-dir", h.StateDir).Output()
	if json.Unmarshal(out, &found) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return found
}
