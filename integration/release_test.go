package integration

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/nftables"

	"vethbridge/integration/testbed"
	"vethbridge/internal/netfilter"
)

// record, "go test -run TestAttachmentsOfEveryRelease -record 1.2.3", keeps what the executables
// built from this tree make as what the release 1.2.3 makes ("make record RELEASE=1.2.3").
var record = flag.String("record", "", "the release to record")

// recordedBoot is the boot ID that the records of every release have.
const recordedBoot = 7

// attached is one attachment of a release, and how it was made.
type attached struct {
	Container string
	Ports     []testbed.Port
	Chain     []testbed.Config
	Result    json.RawMessage
}

// released is a host that has what a release made: a folder of testdata/releases. Paths of the
// host where it was recorded stand there as words in braces.
type released struct {
	dir   string
	h     *testbed.Host
	boot  []string
	paths map[string]string // by word
}

func newReleased(t *testing.T, dir string) released {
	t.Helper()
	h := newHost(t)
	r := released{dir: dir, h: h, boot: bootID(t, recordedBoot), paths: map[string]string{"{state}": h.StateDir}}
	for _, c := range releasedContainers {
		r.paths["{"+c+"}"] = h.NewContainer()
	}
	return r
}

// read reads a file of the release, with the paths of this host.
func (r released) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(r.words(false)...).Replace(string(text))
}

// words are the pairs that replace words by paths, or paths by words.
func (r released) words(back bool) (pairs []string) {
	for word, path := range r.paths {
		if back {
			word, path = path, word
		}
		pairs = append(pairs, word, path)
	}
	return pairs
}

// restore makes the host what it was after the ADDs of the release.
func (r released) restore(t *testing.T) []attached {
	t.Helper()
	r.feed(t, r.read(t, "links.sh"), "sh", "-e")
	r.feed(t, r.read(t, "iptables.rules"), "iptables-restore", "--noflush")
	rules, err := os.ReadFile(filepath.Join(r.dir, "ruleset.netlink"))
	if err != nil {
		t.Fatal(err)
	}
	r.h.LoadRules(rules)
	if is, was := r.ruleset(), r.read(t, "ruleset.nft"); is != was {
		t.Fatalf("the ruleset is\n%s\ninstead of\n%s", is, was)
	}
	book, err := os.ReadFile(filepath.Join(r.dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.h.StateDir, "state.db"), book, 0o600); err != nil {
		t.Fatal(err)
	}
	var list []attached
	if err := json.Unmarshal([]byte(r.read(t, "attachments.json")), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// ruleset is what nft(8) says of our tables, without what counts packets.
func (r released) ruleset() string {
	var text strings.Builder
	for line := range strings.Lines(r.h.Run("nft", "list", "tables")) {
		if strings.Contains(line, "vethbridge") {
			text.WriteString(r.h.Run("nft", append([]string{"list"}, strings.Fields(line)...)...))
		}
	}
	return byPackets.ReplaceAllString(text.String(), "")
}

// byPackets are elements that count packets and go by themselves.
var byPackets = regexp.MustCompile(`\s+elements = \{[^}]* limit rate [^}]*\}`)

func (r released) feed(t *testing.T, input string, words ...string) {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", words, err, out)
	}
}

// of is an attachment as this host's runtime knows it.
func (r released) of(a attached) (testbed.Network, testbed.Container) {
	return testbed.Network{Plugins: built, Chain: a.Chain, Wrap: r.boot},
		testbed.Container{ID: a.Container, Netns: r.paths["{"+a.Container+"}"], Ports: a.Ports}
}

// TestAttachmentsOfEveryReleaseAreCheckedAndReleased has today's executables go on with what
// each release has left running on a host.
func TestAttachmentsOfEveryReleaseAreCheckedAndReleased(t *testing.T) {
	if *record != "" {
		recordRelease(t, filepath.Join("testdata/releases", *record))
	}
	dirs, err := filepath.Glob("testdata/releases/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no releases: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			r := newReleased(t, dir)
			before := r.h.Snapshot()
			list := r.restore(t)
			r.sameLayout(t)
			for _, a := range list {
				r.h.Serve(r.paths["{"+a.Container+"}"], "tcp", 80, a.Container)
				r.goesOn(t, a)
			}
			r.newcomer(t, list)
			for _, a := range slices.Backward(list) {
				n, c := r.of(a)
				n.Del(t, c, a.Result)
			}
			r.gone(t, before)
		})
	}
}

// sameLayout wants tables whose layout has today's number to be what today's executables make.
func (r released) sameLayout(t *testing.T) {
	t.Helper()
	structure := func() string {
		lines := strings.Split(allElements.ReplaceAllString(r.ruleset(), ""), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	mark, was := netfilter.LayoutMark(&nftables.Table{}).Name, structure()
	if !strings.Contains(was, "set "+mark+" ") {
		return
	}
	for _, table := range []string{"inet vethbridge", "bridge vethbridge", "inet vethbridge-walls"} {
		r.h.Run("sh", "-c", "nft delete set "+table+" "+mark)
	}
	repair := append(slices.Clone(r.boot), filepath.Join(string(built), "vethbridge"), "repair", "--state-dir", r.h.StateDir)
	if out := r.h.Run(repair[0], repair[1:]...); !strings.Contains(out, "restored") {
		t.Errorf("repair: %s", out)
	}
	if is := structure(); is != was {
		t.Errorf("tables differ from those of the release: netfilter.LayoutNumber must too\n%s\ninstead of\n%s", is, was)
	}
}

var allElements = regexp.MustCompile(`\s+elements = \{[^}]*\}`)

// goesOn wants an attachment to be as its ADD made it, and its ports to answer.
func (r released) goesOn(t *testing.T, a attached) {
	t.Helper()
	n, c := r.of(a)
	if answer := n.Check(t, c, a.Result); answer.Exit != 0 {
		t.Errorf("CHECK of %s: %s\n(what is to be released is recorded again by make record RELEASE=...)", a.Container, answer.Stdout)
	}
	for _, p := range a.Ports {
		expect(t, r.h, r.h.LAN, "tcp", testbed.HostAddr4, p.HostPort, a.Container, "")
	}
}

// newcomer wants a container of today beside those of the release, with an address and a port
// that none of them has.
func (r released) newcomer(t *testing.T, list []attached) {
	t.Helper()
	n, _ := r.of(list[0])
	c := testbed.Container{ID: "newcomer", Netns: r.h.NewContainer(), Ports: []testbed.Port{{HostPort: 8888, ContainerPort: 80}}}
	result := n.Add(t, c)
	r.h.Serve(c.Netns, "tcp", 80, c.ID)
	expect(t, r.h, r.h.LAN, "tcp", testbed.HostAddr4, 8888, c.ID, "")
	for _, a := range list {
		r.goesOn(t, a)
	}
	c2 := testbed.Container{ID: "second", Netns: r.h.NewContainer(), Ports: list[0].Ports}
	if answer, _ := n.TryAdd(t, c2); !strings.Contains(answer.Stdout, list[0].Container) {
		t.Errorf("the holder of a port is not named: %s", answer.Stdout)
	}
	n.Del(t, c2, nil)
	n.Del(t, c, result.Raw)
}

// gone wants the host as it was before the release, apart from tables that iptables makes and
// that are empty.
func (r released) gone(t *testing.T, before string) {
	t.Helper()
	for line := range strings.Lines(r.h.Run("nft", "list", "tables")) {
		table := strings.Fields(line)[1:]
		text := r.h.Run("nft", append([]string{"list", "table"}, table...)...)
		if table[0] == "inet" || table[0] == "bridge" || strings.Contains(text, "VETHBRIDGE") || strings.Contains(text, "counter") {
			t.Errorf("left:\n%s", text)
		}
		r.h.Run("nft", append([]string{"delete", "table"}, table...)...)
	}
	r.h.Same(t, before)
}
