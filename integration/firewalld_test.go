package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// busConfig lets everybody who reaches the socket say anything: it is the test's own bus.
const busConfig = `<busconfig>
  <type>custom</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>`

// firewalld is a real one, on the test's host.
type firewalld struct {
	t    *testing.T
	h    *testbed.Host
	dir  string
	main *exec.Cmd
}

// newFirewalld starts a bus of its own and firewalld with one of its backends, and ends both with
// the test.
func newFirewalld(t *testing.T, h *testbed.Host, backend string) *firewalld {
	t.Helper()
	dir, err := os.MkdirTemp("", "firewalld") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f := &firewalld{t: t, h: h, dir: dir}
	socket := filepath.Join(f.dir, "bus")
	f.write("bus.conf", fmt.Sprintf(busConfig, socket))
	f.write("firewalld.conf", "DefaultZone=public\nFirewallBackend="+backend+"\nCleanupOnExit=yes\nIPv6_rpfilter=no\n")
	f.start("dbus-daemon", "--nofork", "--config-file="+filepath.Join(f.dir, "bus.conf"))
	testbed.Await(t, "the bus", func() bool { _, err := os.Stat(socket); return err == nil })
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	f.run()
	return f
}

func (f *firewalld) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// run starts firewalld, and waits until it answers.
func (f *firewalld) run() {
	f.t.Helper()
	f.main = f.start("firewalld", "--nofork", "--nopid", "--system-config="+f.dir, "--log-file="+filepath.Join(f.dir, "log"))
	testbed.Await(f.t, "firewalld", func() bool { return exec.Command("firewall-cmd", "--state").Run() == nil })
}

func (f *firewalld) start(name string, args ...string) *exec.Cmd {
	f.t.Helper()
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		f.t.Fatalf("start %s: %v", name, err)
	}
	f.t.Cleanup(func() { stop(cmd) })
	return cmd
}

func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func (f *firewalld) cmd(args ...string) string { return f.h.Run("firewall-cmd", args...) }

// TestContainersReachOutBesideFirewalld has a real firewalld, by each of its backends, whose
// default zone lets nothing through. Once the bridge is in a zone that does, all works; a reload
// forgets that, CHECK says so, and repair puts it back.
func TestContainersReachOutBesideFirewalld(t *testing.T) {
	for _, theirs := range []string{"nftables", "iptables"} {
		for _, ours := range backendNames[:2] {
			t.Run(theirs+", ours by "+ours, func(t *testing.T) {
				h, n := newDemo(t)
				n = by(t, n, ours).With(0, "ipMasq", true)
				warmUp(h, ours)
				f := newFirewalld(t, h, theirs)
				h.Serve(h.LAN, "tcp", 7000, "lan")
				zones := f.cmd("--get-active-zones")
				withoutAZone(t, h, n, theirs)
				zoned := n.With(0, "firewalldZone", "trusted")
				web, result := attach(t, h, zoned, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
				db, dbResult := attach(t, h, zoned, "db")
				works := func(when string) {
					t.Helper()
					expect(t, h, web.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
					expect(t, h, web.Netns, "tcp", testbed.LANAddr6, 7000, "lan", testbed.HostAddr6)
					expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
					if a := zoned.Check(t, web, result.Raw); a.Exit != 0 {
						t.Errorf("%s: CHECK: %s", when, a.Stdout)
					}
				}
				works("in the zone")
				for _, reload := range []string{"--reload", "--complete-reload"} {
					f.cmd(reload)
					if a := zoned.Check(t, web, result.Raw); !strings.Contains(a.Stdout, `link demo0 is in zone \"\" of firewalld`) {
						t.Errorf("CHECK after %s: %s", reload, a.Stdout)
					}
					says(t, h, 0, []string{"put bridges back"}, "repair")
					says(t, h, 0, []string{"nothing to repair"}, "repair")
					works("after " + reload)
				}
				zoned.Del(t, db, dbResult.Raw)
				works("with one left")
				zoned.Del(t, web, result.Raw)
				if now := f.cmd("--get-active-zones"); now != zones {
					t.Errorf("active zones are %q, were %q", now, zones)
				}
			})
		}
	}
}

// withoutAZone is the same host without the key: firewalld refuses, and the doctor names it.
func withoutAZone(t *testing.T, h *testbed.Host, n testbed.Network, theirs string) {
	t.Helper()
	web, result := attach(t, h, n, "web")
	if !h.Silent(web.Netns, "tcp", testbed.LANAddr4, 7000) {
		t.Error("firewalld lets everything through: this test shows nothing")
	}
	if theirs == "nftables" {
		says(t, h, 1, []string{"firewalld refuses what is forwarded", `"firewalldZone": "trusted"`}, "doctor")
		h.Run("firewall-cmd", "--panic-on")
		says(t, h, 1, []string{"firewalld is in panic mode", "$ firewall-cmd --panic-off"}, "doctor")
		h.Run("firewall-cmd", "--panic-off")
	}
	n.Del(t, web, result.Raw)
}

// TestAZoneOfFirewalldIsNoReasonToFail is about a host on which firewalld starts later, is stopped,
// has been told otherwise, or does not know the zone.
func TestAZoneOfFirewalldIsNoReasonToFail(t *testing.T) {
	h, n := newDemo(t)
	zoned := n.With(0, "firewalldZone", "trusted")
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "nobody"))
	web, result := attach(t, h, zoned, "web")
	if a := zoned.Check(t, web, result.Raw); a.Exit != 0 {
		t.Errorf("CHECK without firewalld: %s", a.Stdout)
	}
	f := newFirewalld(t, h, "nftables")
	says(t, h, 0, []string{"put bridges back"}, "repair")
	if zone := strings.TrimSpace(f.cmd("--get-zone-of-interface=demo0")); zone != "trusted" {
		t.Errorf("once firewalld runs, the bridge is in zone %q", zone)
	}
	f.cmd("--zone=home", "--change-interface=demo0") // somebody else's word
	stop(f.main)
	zoned.Del(t, web, result.Raw)

	f.run()
	f.cmd("--zone=home", "--change-interface=lo")
	unknown := testbed.Container{ID: "unknown", Netns: h.NewContainer()}
	answer, _ := n.With(0, "firewalldZone", "attic").TryAdd(t, unknown)
	if e, ok := answer.Error(); !ok || !strings.Contains(e.Message, "zone attic of firewalld: INVALID_ZONE") {
		t.Errorf("a zone that is not there: %s", answer.Stdout)
	}
	n.Del(t, unknown, nil)
}

// TestTheUnitRepairsAfterEachReloadOfFirewalld runs what the unit's file says, but for the place of the executable.
func TestTheUnitRepairsAfterEachReloadOfFirewalld(t *testing.T) {
	h, n := newDemo(t)
	f := newFirewalld(t, h, "nftables")
	zoned := n.With(0, "firewalldZone", "trusted")
	web, result := attach(t, h, zoned, "web")
	unit, err := os.ReadFile(confDir + "/systemd/vethbridge-firewalld.service")
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(unit), "ExecStart=/bin/sh -c '")
	script, _, _ = strings.Cut(script, "'")
	said := filepath.Join(f.dir, "said")
	f.start("sh", "-c", strings.NewReplacer(" monitor ", " monitor 2>"+said+" ", "/opt/cni/bin/vethbridge repair",
		filepath.Join(string(built), "vethbridge")+" repair --state-dir "+h.StateDir).Replace(script))
	testbed.Await(t, "the unit listens", func() bool { text, _ := os.ReadFile(said); return len(text) > 0 })
	for range 2 {
		f.cmd("--reload")
		testbed.Await(t, "the bridge is in its zone again", func() bool { return strings.Contains(f.cmd("--get-active-zones"), "demo0") })
	}
	zoned.Del(t, web, result.Raw)
}
