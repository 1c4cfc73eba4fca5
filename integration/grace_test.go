package integration

import (
	"regexp"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

var (
	netfilterSocket = regexp.MustCompile(`socket\(AF_NETLINK, \S+ NETLINK_NETFILTER\) += (\d+)`)
	lockOpened      = regexp.MustCompile(`openat\(.*/(grace|kernel)\.lock", .* = (\d+)`)
)

// TestADelWaitsForTheRemovalsOfOthersBeforeItsOnlyNetfilterSocketIsClosed, since each close of one
// after a removal keeps all others from changing rules for a grace period. It holds no lock then.
func TestADelWaitsForTheRemovalsOfOthersBeforeItsOnlyNetfilterSocketIsClosed(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "other", testbed.Port{HostPort: 8080, ContainerPort: 80})
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "other", "") // where nothing is tracked, DEL looks for nothing
	eachVerb(t, h, n, func(name string, call testbed.Call) (stdout string) {
		stdout, trace := straced(t, n.Plugins, call)
		if call.Command == "DEL" {
			checkLastClose(t, name, wholeLines(trace))
		}
		return stdout
	})
}

func checkLastClose(t *testing.T, name string, trace []string) {
	t.Helper()
	sockets := netfilterSocket.FindAllStringSubmatch(strings.Join(trace, "\n"), -1)
	if len(sockets) != 1 {
		t.Fatalf("%s opens %d netfilter sockets", name, len(sockets))
	}
	lastLock, exclusive, closed := "", -1, -1
	for i, line := range trace {
		if opened := lockOpened.FindStringSubmatch(line); opened != nil {
			lastLock = opened[1]
		}
		if lastLock == "grace" && strings.Contains(line, "flock(") && strings.Contains(line, "LOCK_EX") {
			exclusive = i
		}
		if strings.Contains(line, "close("+sockets[0][1]+")") { // the last one: before, the number may be another file's
			closed = i
		}
	}
	if lastLock != "grace" || exclusive < 0 || closed < exclusive {
		t.Errorf("%s: last lock %q, waited for others in line %d, closed the socket in line %d", name, lastLock, exclusive, closed)
	}
}

// wholeLines puts together what strace(1) says of a call in two lines, where the second one stands.
func wholeLines(trace string) (list []string) {
	begun := map[string]string{} // by thread
	for line := range strings.Lines(trace) {
		thread, rest, _ := strings.Cut(line, " ")
		before, unfinished := strings.CutSuffix(line, " <unfinished ...>\n")
		if unfinished {
			begun[thread] = before
			continue
		}
		if _, end, resumed := strings.Cut(rest, " resumed>"); resumed {
			line = begun[thread] + end
		}
		list = append(list, line)
	}
	return list
}
