package integration

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vethbridge/integration/testbed"
)

// change is of a text in a file of this tree.
type change struct{ file, old, new string }

// otherwise makes another release of this tree: tables of another layout, in which sets change their
// names, and a chain, a rule and a priority are others. What the
// rules do is the same.
var otherwise = []change{
	{"internal/netfilter/layoutnumber.go", "LayoutNumber = 2", "LayoutNumber = 1001"},
	{"pkg/nat/nft/sets.go", `"host_ports"`, `"ports_of_one"`},
	{"pkg/nat/nft/sets.go", `"any_ports"`, `"ports_of_any"`},
	{"pkg/nat/nft/sets.go", `strings.ReplaceAll(t.String(), "-", "_")`, `"networks_" + strings.ReplaceAll(t.String(), "-", "_")`},
	{"pkg/nat/nft/chains.go", `chain("to_host"`, `chain("for_host"`},
	{"pkg/nat/nft/rules.go", `jump("to_host")`, `jump("for_host")`},
	{"internal/fence/sets.go", `"broadcasts"`, `"counted"`},
	{"internal/fence/walls.go", `"into"`, `"within"`},
	{"internal/fence/guard.go", "ChainPriorityRef(-300)", "ChainPriorityRef(-299)"},
	{"internal/fence/guard.go", `rule("DHCP server, IPv4"`, `rule("server of DHCP, IPv4"`},
}

// laterBook makes a release whose state file an older one must not touch.
var laterBook = []change{
	{"internal/state/schema.go", "SchemaVersion = 1", "SchemaVersion = 1001"},
}

var builtOtherwise, builtLaterBook = sync.OnceValue(func() otherRelease { return buildOther(otherwise) }),
	sync.OnceValue(func() otherRelease { return buildOther(laterBook) })

// otherRelease is another release, or why there is none.
type otherRelease struct {
	testbed.Plugins
	err error
}

func (r otherRelease) orFail(t *testing.T) testbed.Plugins {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.Plugins
}

// buildOther builds the executables of another release. It lives as long as the executables under test.
func buildOther(changes []change) (r otherRelease) {
	dir, err := os.MkdirTemp(string(built), "other")
	if err != nil {
		return otherRelease{err: err}
	}
	texts := map[string]string{}
	for _, c := range changes {
		path, err := filepath.Abs("../" + c.file)
		if err != nil {
			return otherRelease{err: err}
		}
		if _, read := texts[path]; !read {
			text, err := os.ReadFile(path)
			if err != nil {
				return otherRelease{err: err}
			}
			texts[path] = string(text)
		}
		if !strings.Contains(texts[path], c.old) {
			return otherRelease{err: &missingText{c.file, c.old}}
		}
		texts[path] = strings.ReplaceAll(texts[path], c.old, c.new)
	}
	overlay, err := writeOverlay(dir, texts)
	if err == nil {
		r.Plugins, err = testbed.Build(dir, "-overlay="+overlay, "vethbridge/plugins/...")
	}
	return otherRelease{r.Plugins, err}
}

type missingText struct{ file, text string }

func (m *missingText) Error() string { return m.file + " has no " + m.text }

// writeOverlay writes files and the overlay (go help build) that puts them in the place of others.
func writeOverlay(dir string, texts map[string]string) (overlay string, err error) {
	replace := testbed.Config{}
	for path, text := range texts {
		file := filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = file
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, []byte(testbed.Config{"Replace": replace}.JSON()), 0o600)
}
