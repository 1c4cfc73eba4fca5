package runtimes

import "testing"

// subject is a runtime that drives our executables, in the words of the table of conformance.
type subject struct{ name, version string }

// The verbs of CNI, as far as cases are about one; boot is about a host that has restarted.
const (
	add    = "ADD"
	check  = "CHECK"
	del    = "DEL"
	gc     = "GC"
	status = "STATUS"
	boot   = "reboot"
)

// Cases that several runtimes have.
const (
	reaches     = "reaches gateway, sibling and LAN"
	port        = "a published port answers the LAN, localhost, a sibling and itself"
	udpPort     = "a published udp port answers the LAN"
	portRange   = "the first and the last of a range of ports answer"
	bothIPs     = "IPv4 and IPv6"
	wanted      = "a wanted address and MAC address are given"
	twoNetworks = "two networks of one container"
	portTaken   = "a port that is taken is refused, and its holder named"
	sharedPort  = "a port of another runtime is refused, and its holder named"
	sample      = "the sample in conf/ as it is"
	nothingLeft = "no link, rule, lease or record is left"
	stopStart   = "stopped and started again, the port answers again"
	daemonDies  = "the daemon is killed meanwhile: containers go on, and leave nothing"
	sandboxDies = "the sandbox is killed: its heir has address and port at once"
	undisturbed = "its containers and rules are undisturbed, and disturb nobody"
	burstOf20   = "20 at once come, answer and go"
	lateDel     = "a late DEL of a former sandbox spares its heir"
	fullPool    = "a network without a free address says so"
	restart     = "all containers come back with address and port"
)

// passed tells one line of the table of conformance: the checks of the test so far hold.
func (s subject) passed(t *testing.T, verb, what string) {
	t.Helper()
	result := "ok"
	if t.Failed() {
		result = "FAILED"
	}
	t.Logf("conformance: %s | %s | %s | %s | %s", s.name, s.version, verb, what, result)
}
