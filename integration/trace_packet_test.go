package integration

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

func TestATraceTellsTheWayOfAPacket(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	attach(t, h, n, "db")
	h.Serve("", "tcp", 7000, "host")
	before := h.Snapshot()
	for _, filtered := range []string{"0", "1"} {
		h.Sysctl("net/bridge/bridge-nf-call-iptables", filtered)
		says(t, h, 0, []string{"-> 10.99.0.2:80, in by veth", "from its address", "left by veth", "accepted", "10.99.0.2 is demo/web/eth0"}, "trace", "db", "web", "80")
		says(t, h, 0, []string{"-> 10.99.0.1:7000", "arrived at the host itself; the connection was accepted", "listens on port 7000"}, "trace", "db", "10.99.0.1", "7000")
		says(t, h, 0, []string{"leaving a network, IPv4", "tcp 198.51.100.1:", "left by uplink; the connection was refused"}, "trace", "db", testbed.LANAddr4, "80")
		says(t, h, 0, []string{"tcp 127.0.0.1:", "from localhost, IPv4", "tcp 10.99.0.1:", "accepted"}, "trace", "127.0.0.1", "127.0.0.1", "8080")
		says(t, h, 0, []string{"udp [fd99::1]:", "-> [fd99::2]:80", "left by veth", "demo/web/eth0"}, "trace", "fd99::1", "web", "80/udp")
		says(t, h, 1, []string{"it never left the container"}, "trace", "db", "10.99.0.77", "80")
		out, status := traceFromTheLAN(t, h, testbed.HostAddr4, 8080)
		wants(t, out, status, 0, "tcp 198.51.100.2:", "-> 198.51.100.1:8080, in by uplink", "accept: rule 8 (ports of any host address, IPv4) of inet vethbridge ports",
			"-> 10.99.0.2:80, in by uplink, out by demo0", "(to a published port) of inet vethbridge-walls into", "left by veth", "10.99.0.2 is demo/web/eth0")
	}
	h.Same(t, before)
	out, _ := operate(t, h, "trace", "db", "web", "80", "--json")
	var story struct {
		Fate  string
		Steps []struct{ Chain, Did string }
	}
	if err := json.Unmarshal([]byte(out), &story); err != nil || story.Fate != "left" || len(story.Steps) < 3 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestATraceNamesTheRuleAtWhichAPacketDies breaks the way at every kind of place.
func TestATraceNamesTheRuleAtWhichAPacketDies(t *testing.T) {
	for name, c := range map[string]struct {
		breaks string
		words  []string
	}{
		"the walls":       {"true", []string{"dropped by rule", "of inet vethbridge-walls forward (vethbridge)"}},
		"iptables-nft":    {"iptables-nft -A FORWARD -p tcp --dport 80 -j DROP", []string{"dropped by rule 1 (-A FORWARD -p tcp -m tcp --dport 80 -j DROP) of ip filter FORWARD (iptables)"}},
		"docker":          {"iptables-nft -N DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-USER; iptables-nft -A DOCKER-USER -i uplink -j REJECT", []string{"jump DOCKER-USER", "dropped by rule 1 (-A DOCKER-USER -i uplink -j REJECT", "of ip filter DOCKER-USER (docker)"}},
		"a policy":        {"nft add table inet theirs; nft add chain inet theirs forward '{ type filter hook forward priority 5; policy drop; }'", []string{"dropped by the policy of inet theirs forward"}},
		"a foreign table": {"nft add table inet theirs; nft add chain inet theirs forward '{ type filter hook forward priority -5; }'; nft add rule inet theirs forward tcp dport 80 drop", []string{"dropped by rule 1 (tcp dport 80 drop) of inet theirs forward"}},
		"iptables-legacy": {"iptables-legacy -A FORWARD -p tcp --dport 80 -j DROP", []string{"lost after hook forward", "iptables-legacy has rules, which can't be followed"}},
		"routing":         {"sysctl -qw net.ipv4.ip_forward=0", []string{"lost after hook prerouting", "forwarding is off"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			h.Run("sh", "-ec", c.breaks)
			dest, port := testbed.HostAddr4, 8080
			if name == "the walls" {
				h.RunIn(h.LAN, "ip", "route", "add", "10.99.0.0/24", "via", testbed.HostAddr4)
				dest, port = web4, 80
			}
			out, status := traceFromTheLAN(t, h, dest, port)
			wants(t, out, status, 1, c.words...)
		})
	}
}

// TestATraceGoesOnWhereTheClientIsTurnedAway is about errors that a client hears: they are a part of the story.
func TestATraceGoesOnWhereTheClientIsTurnedAway(t *testing.T) {
	h, n := newDemo(t)
	web, _ := attach(t, h, n, "web")
	h.Run("iptables-nft", "-A", "FORWARD", "-p", "tcp", "-j", "REJECT", "--reject-with", "icmp-host-prohibited")
	says(t, h, 1, []string{"dropped by rule 1 (-A FORWARD -p tcp -j REJECT", "the client was told: no route to host"}, "trace", "web", testbed.LANAddr4, "80")
	h.Run("iptables-nft", "-A", "OUTPUT", "-p", "udp", "-j", "DROP")
	says(t, h, 1, []string{"of ip filter OUTPUT (iptables)", "the client was told: operation not permitted"}, "trace", testbed.HostAddr4, testbed.LANAddr4, "80/udp")
	h.RunIn(web.Netns, "ip", "route", "del", "default")
	says(t, h, 1, []string{"it never left the container", "the client was told: network is unreachable"}, "trace", "web", testbed.LANAddr4, "80")
}

func wants(t *testing.T, out string, got, status int, words ...string) {
	t.Helper()
	for _, word := range words {
		if got != status || !strings.Contains(out, word) {
			t.Errorf("exit %d, want %d and %q:\n%s", got, status, word, out)
		}
	}
}

// TestAnInterruptedTraceLeavesNothing: nor does one that waits in vain, or is asked nonsense.
func TestAnInterruptedTraceLeavesNothing(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	before := h.Snapshot()
	cmd, _ := startTrace(t, h, testbed.HostAddr4, 8080)
	if err := cmd.Process.Signal(unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("an interrupted trace succeeds")
	}
	h.Same(t, before)
	says(t, h, 1, []string{"no such packet was seen", "ingress"}, "trace", "198.51.100.7", testbed.HostAddr4, "80", "--wait", "300ms")
	says(t, h, 2, []string{"DEST PORT is missing"}, "trace", "web")
	says(t, h, 1, []string{"no port from 1 to 65535"}, "trace", "web", web4, "http")
	says(t, h, 1, []string{`"nobody" is neither an address nor the beginning of a container ID`}, "trace", "nobody", web4, "80")
	says(t, h, 1, []string{"are of different families"}, "trace", testbed.HostAddr4, "fd99::1", "80")
	h.Same(t, before)
}

// TestATraceHearsOfAPacketThatCameInTimeHoweverLateItHasItsTurn holds it up until its wait is over.
func TestATraceHearsOfAPacketThatCameInTimeHoweverLateItHasItsTurn(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	cmd, out := startTrace(t, h, testbed.HostAddr4, 8080, "--wait", "1s")
	if err := cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	time.Sleep(1100 * time.Millisecond) // longer than it waits
	if err := cmd.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	wants(t, out.String(), cmd.ProcessState.ExitCode(), 0, "tcp 198.51.100.2:", "left by veth", "10.99.0.2 is demo/web/eth0")
}

// traceFromTheLAN starts a trace and connects from the LAN as soon as it waits.
func traceFromTheLAN(t *testing.T, h *testbed.Host, dest string, port int) (string, int) {
	t.Helper()
	cmd, out := startTrace(t, h, dest, port)
	_ = h.Silent(h.LAN, "tcp", dest, port)
	_ = cmd.Wait()
	return out.String(), cmd.ProcessState.ExitCode()
}

// startTrace returns when the trace waits for its packet.
func startTrace(t testing.TB, h *testbed.Host, dest string, port int, args ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	words := append([]string{"trace", testbed.LANAddr4, dest, strconv.Itoa(port), "--state-dir", h.StateDir}, args...)
	cmd := exec.Command(filepath.Join(string(built), "vethbridge"), words...)
	cmd.Stdout = &out
	waiting, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, _ := waiting.Read(line)
	if !strings.HasPrefix(string(line[:n]), "waiting ") {
		t.Fatalf("%s", line[:n])
	}
	return cmd, &out
}
