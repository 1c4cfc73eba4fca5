package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// rows are those of a table, without its head.
type rows [][]string

// documented holds the rows of each table of the documents, by its name.
func (r *results) documented() map[string]rows {
	six := []string{oursNft, oursIptables, refIptables, refNft, floorName, calledFloor}
	return map[string]rows{
		"goals":       r.goalRows(),
		"attach":      r.grid(attachPart, cell, six...),
		"burst":       r.verbRows(burstPart, "1 port each", six...),
		"bridges":     r.verbRows(bridgesPart, "1 port", oursNft, dockerName, netavarkName),
		"verbs":       r.verbRows(verbsPart, manyAttached, six[:4]...),
		"processes":   r.processes(),
		"leases":      r.leaseRows(),
		"path":        r.pathRows(),
		"iperf":       r.iperfRows(),
		"connections": r.connections(),
		"alone":       r.grid(alonePart, ranged, oursNft, floorName, calledFloor),
		"grow":        r.grid(growPart, plain, six...),
		"readme":      r.readme(),
	}
}

func (r *results) goalRows() (list rows) {
	for _, g := range r.goals() {
		list = append(list, []string{g.name, g.wanted, g.found, g.called})
	}
	return list
}

// grid has a row for each quantity of each scenario, which is named in the first of them.
func (r *results) grid(part string, cell func(m, first *measure) string, contenders ...string) (list rows) {
	last := ""
	for _, s := range r.subjects(part) {
		name := ""
		if s.Scenario != last {
			name, last = thousands(strings.TrimSuffix(s.Scenario, " others")), s.Scenario
		}
		list = append(list, append([]string{name, s.Quantity}, r.cells(s, cell, contenders...)...))
	}
	return list
}

// verbRows has a row for each quantity of a scenario.
func (r *results) verbRows(part, scenario string, contenders ...string) (list rows) {
	for _, s := range r.subjects(part) {
		if s.Scenario != scenario {
			continue
		}
		list = append(list, append([]string{s.Quantity + ", " + s.Unit}, r.cells(s, ratio, contenders...)...))
	}
	return list
}

// subjects are those of a part, each once and without a contender, by the number that their scenario begins with.
func (r *results) subjects(part string) (list []subject) {
	for _, m := range r.Measures {
		s := m.subject
		s.Contender = ""
		if s.Part == part && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if part == attachPart {
		return list
	}
	slices.SortStableFunc(list, func(a, b subject) int { return cmp.Compare(leading(a.Scenario), leading(b.Scenario)) })
	return list
}

func leading(scenario string) int {
	word, _, _ := strings.Cut(scenario, " ")
	n, _ := strconv.Atoi(word)
	return n
}

func thousands(word string) string {
	if n, err := strconv.Atoi(word); err == nil {
		return number(float64(n))
	}
	return word
}

func (r *results) cells(s subject, cell func(m, first *measure) string, contenders ...string) (list []string) {
	s.Contender = contenders[0]
	first := r.find(s)
	for _, c := range contenders {
		s.Contender = c
		list = append(list, cell(r.noted(s), first))
	}
	return list
}

// noted returns a measure, or a word on why there is none, or nil.
func (r *results) noted(s subject) *measure {
	if i := slices.IndexFunc(r.Measures, func(m *measure) bool { return m.subject == s }); i >= 0 {
		return r.Measures[i]
	}
	return nil
}

func (r *results) processes() (list rows) {
	for _, verb := range []string{"ADD", "DEL"} {
		s := subject{Part: programsPart, Scenario: verb + " with one port", Quantity: "processes started", Unit: "count"}
		list = append(list, append([]string{verb}, r.cells(s, plain, oursNft, oursIptables, refNft, refIptables)...))
	}
	return list
}

func (r *results) leaseRows() (list rows) {
	of := func(others, how, contender string) *measure {
		return r.find(subject{leasesPart, "beside " + others + ", " + how, "allocate and release", "ms", contender})
	}
	none := of("0", "ours among themselves", "ours")
	for _, n := range []string{"0", "1000", "10000", "50000"} {
		alone, ours, theirs := of(n, "ours among themselves", "ours"), of(n, "in turns", "ours"), of(n, "in turns", "host-local")
		list = append(list, []string{thousands(n), plain(alone, nil), times(alone, none), plain(ours, nil), plain(theirs, nil), times(theirs, ours)})
	}
	return list
}
