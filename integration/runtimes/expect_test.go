package runtimes

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// probe is the probe of the machine itself.
func probe() string { return filepath.Join(bin, "probe") }

// answers asks a server until it is up, and wants its name; programs of runtimes may warn before.
func answers(t *testing.T, name string, words ...string) {
	t.Helper()
	says(t, name+" ", words...)
}

// seenBy wants a server to answer, and to see the client by its address.
func seenBy(t *testing.T, server, client string, words ...string) {
	t.Helper()
	says(t, server+" saw "+client+"\n", words...)
}

// says runs a command until one of its lines begins so.
func says(t *testing.T, line string, words ...string) {
	t.Helper()
	eventually(t, strings.Join(words, " ")+" says "+line, func() (string, bool) {
		out, err := try(words...)
		return fmt.Sprintf("%v: %q", err, out), err == nil && strings.Contains("\n"+out, "\n"+line)
	})
}

// silent wants no answer.
func silent(t *testing.T, words ...string) {
	t.Helper()
	if out, err := try(words...); err == nil {
		t.Errorf("%s answers %q", strings.Join(words, " "), out)
	}
}

// fromLAN asks a published port as a client on the LAN does.
func fromLAN(network, port string) []string {
	return []string{"ip", "netns", "exec", "lan", probe(), "ask", network, hostAddress + ":" + port}
}

// reachable wants a published port to answer clients on the LAN, on localhost, and those that
// exec starts in a container of the same network.
func reachable(t *testing.T, name, port string, exec ...string) {
	t.Helper()
	answers(t, name, fromLAN("tcp", port)...)
	answers(t, name, probe(), "ask", "tcp", "127.0.0.1:"+port)
	answers(t, name, append(exec, "/bin/probe", "ask", "tcp", hostAddress+":"+port)...)
}

// reachesOut wants what exec starts to get an answer from its gateway and from the LAN.
func reachesOut(t *testing.T, exec ...string) {
	t.Helper()
	routes := run(t, append(slices.Clone(exec), "/bin/ip", "route")...)
	_, gateway, found := strings.Cut(routes, "default via ")
	if !found {
		t.Errorf("%s: no default route: %s", strings.Join(exec, " "), routes)
		return
	}
	for _, address := range []string{strings.Fields(gateway)[0], lanAddress} {
		run(t, append(slices.Clone(exec), "/bin/ping", "-c", "1", "-W", "3", address)...)
	}
}

// engine is a podman.
type engine interface {
	do(words ...string) string
	in(container string) []string
}

// comesAgainAndGoes stops and starts web, whose port 8080 db uses too, and then wants both to leave nothing.
func comesAgainAndGoes(t *testing.T, p engine, s subject, before string) {
	t.Helper()
	p.do("stop", "-t", "0", "web")
	silent(t, fromLAN("tcp", "8080")...)
	p.do("start", "web")
	reachable(t, "web", "8080", p.in("db")...)
	s.passed(t, del, stopStart)
	p.do("rm", "-f", "-t", "0", "web", "db")
	unchanged(t, before)
	s.passed(t, del, nothingLeft)
}
