package iptables

import (
	"slices"
	"strings"
)

// saved is what one family has of ours in the kernel.
type saved struct {
	chains map[string][]string // the rules of our chains, without "-A chain"
	user   map[string]int      // how many rules the administrator's chains have
	jumps  map[jump]int        // how often each is there
}

// readSaved reads the output of iptables-save and leaves out what is not ours.
func readSaved(text string) saved {
	s := saved{map[string][]string{}, map[string]int{}, map[jump]int{}}
	byName := map[string]table{}
	for _, t := range tables() {
		byName[t.name] = t
	}
	var in table
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "*"); ok {
			in = byName[name]
		}
		s.read(in, line)
	}
	return s
}

func (s saved) read(in table, line string) {
	if chain, ok := strings.CutPrefix(line, ":"); ok {
		switch name, _, _ := strings.Cut(chain, " "); {
		case slices.Contains(in.chains, name):
			s.chains[name] = []string{}
		case slices.Contains(in.user, name):
			s.user[name] = 0
		}
		return
	}
	appended, ok := strings.CutPrefix(line, "-A ")
	if !ok {
		return
	}
	chain, rule, _ := strings.Cut(appended, " ")
	if _, ours := s.chains[chain]; ours && slices.Contains(in.chains, chain) {
		s.chains[chain] = append(s.chains[chain], rule)
		return
	}
	if slices.Contains(in.user, chain) {
		s.user[chain]++
	}
	for _, j := range in.jumps {
		if j.from == chain && j.rule() == rule {
			s.jumps[j]++
		}
	}
}

func (s saved) empty() bool { return len(s.chains) == 0 && len(s.jumps) == 0 }

// missing names what is not there of what shall be.
func (s saved) missing(f *family, want map[string][]string) []string {
	var list []string
	program := f.program
	for _, t := range tables() {
		for _, chain := range t.chains {
			have, there := s.chains[chain]
			if !there {
				list = append(list, program+" chain "+chain)
				continue
			}
			list = append(list, lacking(program+" rule of "+chain, f.canonical(chain, have), want[chain])...)
		}
		for _, j := range t.jumps {
			if s.jumps[j] == 0 {
				list = append(list, program+" jump from "+j.from+" to "+j.to)
			}
		}
	}
	return list
}

// lacking names the rules that a chain lacks; where it has all of them but others too, or
// not in their order, the order is what it lacks.
func lacking(what string, have, want []string) []string {
	if slices.Equal(have, want) {
		return nil
	}
	there := map[string]bool{}
	for _, rule := range have {
		there[rule] = true
	}
	var list []string
	for _, rule := range want {
		if !there[rule] {
			list = append(list, what+": "+rule)
		}
	}
	if list == nil {
		list = []string{what + ": the order of ours, with no other between them"}
	}
	return list
}
