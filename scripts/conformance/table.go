package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// heading is where the generated part of the page begins.
const heading = "## Last run"

// mark begins what the tests print of a case.
const mark = "conformance: "

// shown is the cell of a case that was shown.
const shown = "yes"

// proof is one case of a verb.
type proof struct{ verb, what string }

// table says what was shown of each runtime, and of which version.
type table struct {
	versions map[string]string
	proofs   map[string]map[proof]bool
}

func newTable() table {
	return table{versions: map[string]string{}, proofs: map[string]map[proof]bool{}}
}

func (t table) add(name, version string, p proof) {
	t.versions[name] = version
	if t.proofs[name] == nil {
		t.proofs[name] = map[proof]bool{}
	}
	t.proofs[name][p] = true
}

// parseLog reads what tests printed: "conformance: runtime | version | verb | case | ok".
func parseLog(log string) (table, error) {
	t := newTable()
	for line := range strings.Lines(log) {
		_, text, found := strings.Cut(strings.TrimRight(line, "\n"), mark)
		if !found {
			continue
		}
		cells := strings.Split(text, " | ")
		if len(cells) != 5 {
			return t, fmt.Errorf("read %q: want 5 cells", text)
		}
		if cells[4] != "ok" {
			return t, fmt.Errorf("%s: %s: %s is not ok", cells[0], cells[2], cells[3])
		}
		t.add(cells[0], cells[1], proof{cells[2], cells[3]})
	}
	return t, nil
}

// parsePage reads the tables that markdown wrote.
func parsePage(text string) table {
	t := newTable()
	versions := map[string]string{}
	var names []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) == 2:
			versions[cells[0]] = cells[1]
		case len(cells) > 2 && cells[0] == "verb":
			names = cells[2:]
		case len(cells) == len(names)+2:
			for i, cell := range cells[2:] {
				if cell == shown {
					t.add(names[i], versions[names[i]], proof{cells[0], cells[1]})
				}
			}
		}
	}
	return t
}

// lost are the cases that a newer run of the same runtime no longer shows: their test has failed to say
// so, or is gone.
func (t table) lost(newer table) (list []string) {
	for name, proofs := range newer.proofs {
		for p := range t.proofs[name] {
			if !proofs[p] {
				list = append(list, fmt.Sprintf("%s: %s: %s", name, p.verb, p.what))
			}
		}
	}
	slices.Sort(list)
	return list
}

// replace takes the runtimes of a newer run instead of the same here.
func (t table) replace(newer table) {
	maps.Copy(t.versions, newer.versions)
	maps.Copy(t.proofs, newer.proofs)
}

// markdown is the generated part of the page.
func (t table) markdown() string {
	names := slices.Sorted(maps.Keys(t.versions))
	var text strings.Builder
	text.WriteString(heading + "\n\n| runtime | version |\n|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(&text, "| %s | %s |\n", name, t.versions[name])
	}
	fmt.Fprintf(&text, "\n| verb | case | %s |\n|---|---%s|\n", strings.Join(names, " | "), strings.Repeat("|:-:", len(names)))
	for _, p := range t.rows() {
		fmt.Fprintf(&text, "| %s | %s |", p.verb, p.what)
		for _, name := range names {
			if t.proofs[name][p] {
				text.WriteString(" " + shown)
			}
			text.WriteString(" |")
		}
		text.WriteString("\n")
	}
	return text.String()
}

// rows are the cases of all runtimes, by verb, and those of most runtimes first.
func (t table) rows() []proof {
	known := map[proof]int{}
	for _, proofs := range t.proofs {
		for p := range proofs {
			known[p]++
		}
	}
	return slices.SortedFunc(maps.Keys(known), func(a, b proof) int {
		return cmp.Or(cmp.Compare(a.verb, b.verb), cmp.Compare(known[b], known[a]), cmp.Compare(a.what, b.what))
	})
}
