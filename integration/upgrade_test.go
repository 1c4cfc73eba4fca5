package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// inPlace are both ways to go between releases whose tables differ.
func inPlace(t *testing.T) map[string][2]testbed.Plugins {
	other := builtOtherwise().orFail(t)
	return map[string][2]testbed.Plugins{"to the next release": {built, other}, "back": {other, built}}
}

// upgrading is a host with containers, whose executables are replaced.
type upgrading struct {
	*testing.T
	h             *testbed.Host
	n             testbed.Network
	web, db       testbed.Container
	result, dbHas testbed.Result
	talk          func(string)
}

func newUpgrading(t *testing.T, from testbed.Plugins) *upgrading {
	h := newHost(t)
	u := &upgrading{T: t, h: h, n: testbed.DemoNetwork(from, h).With(0, "ipMasq", true)}
	u.web, u.result = attach(t, h, u.n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80},
		testbed.Port{HostPort: 8080, ContainerPort: 80, Protocol: "udp"})
	u.db, u.dbHas = attach(t, h, u.n, "db", testbed.Port{HostPort: 8081, ContainerPort: 7})
	u.talk = conversation(t, h, u.db.Netns)
	h.Serve(h.LAN, "udp", 7000, "lan")
	return u
}

// unbroken does something while clients ask by new connections, in and out, by one packet each.
func (u *upgrading) unbroken(what string, do func()) {
	u.Helper()
	done, asked := make(chan bool), make(chan int)
	go func() {
		for n := 1; ; n++ {
			if name, _, err := u.h.Ask(u.h.LAN, "udp", testbed.HostAddr4, 8080); name != "web" || err != nil {
				u.Errorf("%s: a packet to a published port is lost: %v", what, err)
			}
			if _, seen, err := u.h.Ask(u.web.Netns, "udp", testbed.LANAddr4, 7000); seen != testbed.HostAddr4 || err != nil {
				u.Errorf("%s: a packet that leaves is lost, or comes from %q: %v", what, seen, err)
			}
			select {
			case <-done:
				asked <- n
				return
			default:
			}
		}
	}()
	do()
	close(done)
	u.Logf("%s: %d packets each way", what, <-asked)
	u.talk(what)
	expect(u.T, u.h, u.h.LAN, "tcp", testbed.HostAddr6, 8080, "web", testbed.LANAddr6)
}

func (u *upgrading) checks(what string) {
	u.Helper()
	if a := u.n.Check(u.T, u.web, u.result.Raw); a.Exit != 0 {
		u.Errorf("%s: CHECK: %s", what, a.Stdout)
	}
}

// tool runs a command of the executables in place.
func (u *upgrading) tool(status int, word string, words ...string) {
	u.Helper()
	if out, got := operateBy(u.T, u.n.Plugins, u.h, words...); got != status || !strings.Contains(out, word) {
		u.Errorf("%v: exit %d, want %d and %q: %s", words, got, status, word, out)
	}
}

// newcomer comes and goes.
func (u *upgrading) newcomer() {
	c, result := attach(u.T, u.h, u.n, "next", testbed.Port{HostPort: 8082, ContainerPort: 80})
	expect(u.T, u.h, u.h.LAN, "tcp", testbed.HostAddr4, 8082, "next", "")
	u.n.Del(u.T, c, result.Raw)
}

// acts are what may come first after executables were replaced, and whether it brings all tables up to date.
var acts = map[string]struct {
	do    func(*upgrading)
	heals bool
}{
	"ADD":    {(*upgrading).newcomer, true},
	"repair": {func(u *upgrading) { u.tool(0, "restored", "repair") }, true},
	"DEL":    {func(u *upgrading) { u.n.Del(u.T, u.gone(), nil) }, false},
	"GC":     {(*upgrading).collect, false},
	"CHECK":  {func(u *upgrading) { u.checks("first") }, false},
}

func (u *upgrading) collect() {
	valid := []any{testbed.Config{"containerID": "web", "ifname": "eth0"}, testbed.Config{"containerID": "db", "ifname": "eth0"}}
	if a := collect(u.T, u.n, valid); a.Exit != 0 {
		u.Errorf("GC: %s", a.Stdout)
	}
}

// gone is a container that the former release attached, and whose turn to go it is.
func (u *upgrading) gone() testbed.Container {
	return testbed.Container{ID: "gone", Ports: []testbed.Port{{HostPort: 8083, ContainerPort: 80}}}
}

// TestExecutablesAreReplacedUnderRunningContainers has each verb come first after a release whose tables
// are made otherwise, or one before, has taken over.
func TestExecutablesAreReplacedUnderRunningContainers(t *testing.T) {
	for way, plugins := range inPlace(t) {
		for name, act := range acts {
			t.Run(way+", "+name+" first", func(t *testing.T) {
				u := newUpgrading(t, plugins[0])
				attach(t, u.h, u.n, "gone", u.gone().Ports...)
				u.n.Plugins = plugins[1]
				u.checks("after the executables were replaced")
				u.tool(1, "as another release makes them", "check")
				u.tool(0, "would put right", "repair", "--dry-run")
				u.unbroken(name, func() { act.do(u) })
				if !act.heals {
					u.unbroken("ADD", u.newcomer)
				}
				u.tool(0, "all is as the state file says", "check")
				u.tool(0, "nothing to repair", "repair")
				u.checks(name)
				u.n.Del(t, u.gone(), nil)
				u.n.Plugins = plugins[0]
				u.unbroken("and back", u.newcomer)
				u.end()
			})
		}
	}
}

func (u *upgrading) end() {
	u.n.Del(u.T, u.db, u.dbHas.Raw)
	u.n.Del(u.T, u.web, u.result.Raw)
	for _, family := range []string{"bridge", "inet"} {
		if tables := u.h.Run("nft", "list", "tables", family); tables != "" {
			u.Errorf("left: %s", tables)
		}
	}
}

// TestHalfAnUpgradeWorks is about the moment between two renames, and an installation that failed in it:
// one executable makes a table that both use otherwise than the other.
func TestHalfAnUpgradeWorks(t *testing.T) {
	for way, plugins := range inPlace(t) {
		for _, replaced := range []string{"vethbridge", "natport"} {
			t.Run(way+", "+replaced+" alone", func(t *testing.T) {
				u := newUpgrading(t, plugins[0])
				attach(t, u.h, u.n, "gone", u.gone().Ports...)
				u.n.Plugins = mixed(t, plugins[0], plugins[1], replaced)
				u.unbroken("two newcomers", func() { u.newcomer(); u.newcomer() })
				u.checks(way)
				u.unbroken("DEL", func() { u.n.Del(t, u.gone(), nil) })
				u.collect()
				u.n.Plugins = plugins[1]
				u.unbroken("the other one is replaced too", u.newcomer)
				u.tool(0, "all is as the state file says", "check")
				u.checks("replaced both")
				u.end()
			})
		}
	}
}

// mixed is a directory with one executable of another release.
func mixed(t *testing.T, from, to testbed.Plugins, replaced string) testbed.Plugins {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"vethbridge", "natport"} {
		source := from
		if name == replaced {
			source = to
		}
		if err := os.Link(filepath.Join(string(source), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return testbed.Plugins(dir)
}

// TestAReleaseThatDoesNotKnowTheStateFileChangesNothing has an older release follow one whose records it could misread.
func TestAReleaseThatDoesNotKnowTheStateFileChangesNothing(t *testing.T) {
	later := builtLaterBook().orFail(t)
	u := newUpgrading(t, later)
	before, book := u.h.Snapshot(), u.book()
	for name, plugins := range map[string]testbed.Plugins{"both": built, "natport": mixed(t, later, built, "natport"), "vethbridge": mixed(t, later, built, "vethbridge")} {
		u.n.Plugins = plugins
		refused := func(verb string, a testbed.Answer) {
			code := 11
			if verb == "STATUS" {
				code = 50 // no ADD would succeed
			}
			if e, ok := a.Error(); !ok || e.Code != code || !strings.Contains(e.Message, "state file has schema version 1001, this release knows versions up to 1") {
				t.Errorf("%s: %s: %s", name, verb, a.Stdout)
			}
		}
		u.unbroken(name, func() {
			refused("CHECK", u.n.Check(t, u.web, u.result.Raw))
			for _, verb := range []string{"STATUS", "GC"} {
				for i, plugin := range []string{"vethbridge", "natport"} {
					config := u.n.Chain[i].With("cniVersion", "1.1.0").With("cni.dev/valid-attachments", []string{}).JSON()
					if name == "both" || name == plugin {
						refused(verb, plugins.Do(t, testbed.Call{Plugin: plugin, Command: verb, Config: config}))
					}
				}
			}
			if name != "natport" { // of which there is more before it comes to that
				answer, _ := u.n.TryAdd(t, testbed.Container{ID: "next", Netns: u.h.NewContainer()})
				refused("ADD", answer)
				refused("DEL", u.n.TryDel(t, u.web, 0))
			} else {
				refused("DEL", u.n.TryDel(t, u.web, 1))
			}
		})
		u.h.Same(t, before)
		if u.book() != book {
			t.Errorf("%s: the state file has changed", name)
		}
	}
	u.n.Plugins = built
	u.tool(1, "state file has schema version 1001", "ls")
	u.tool(1, "state file has schema version 1001", "doctor")
	u.n.Plugins = later
	u.checks("the later release is back")
	u.newcomer()
	u.end()
	if err := os.Remove(u.bookFile()); err != nil { // which this release can't look into
		t.Fatal(err)
	}
}

func (u *upgrading) bookFile() string { return filepath.Join(u.h.StateDir, "state.db") }

func (u *upgrading) book() string {
	u.Helper()
	text, err := os.ReadFile(u.bookFile())
	if err != nil {
		u.Fatal(err)
	}
	return string(text)
}
