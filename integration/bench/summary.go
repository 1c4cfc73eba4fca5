package main

import (
	"cmp"
	"fmt"
	"slices"
)

// goal is a number that the project wants to reach, what was found, and what the kernel calls as CNI plugins reach.
type goal struct{ name, wanted, found, called string }

func (r *results) goals() []goal {
	return slices.Concat(r.speedGoals(), r.flatGoals(), r.pathGoals(), r.sizeGoals())
}

// summary holds what was found against what is wanted.
func (r *results) summary() string {
	text := "| | wanted | found | " + calledFloor + " |\n|---|---|---|---|\n"
	for _, g := range r.goals() {
		text += fmt.Sprintf("| %s | %s | %s | %s |\n", g.name, g.wanted, g.found, g.called)
	}
	return text
}

func (r *results) speedGoals() []goal {
	burst := func(contender string) subject { return subject{burstPart, "1 port each", "ADD", "ms", contender} }
	hundred := func(contender string) string {
		return r.inTurns(subject{portsPart, "100 ports", "ADD", "ms", contender}, subject{portsPart, "1 port", "ADD", "ms", contender})
	}
	return []goal{
		r.toReference("ADD, 1 port", "8x", attached("1 port", "ADD")),
		r.toCalls("ADD, 1 port", "at most 2x", attached("1 port", "ADD")),
		r.toCalls("ADD, bridge alone", "at most 1.5x", attached("bridge alone", "ADD")),
		r.toReference("DEL, 1 port", "4x", attached("1 port", "DEL")),
		r.toCalls("DEL, 1 port", "at most 1.3x", attached("1 port", "DEL")),
		{"ADD: 100 ports to one, in turns", "at most 1.2x", hundred(oursNft), hundred(calledFloor)},
		r.toReference("100 ADDs, 16 at a time", "8x", burst),
	}
}

func attached(scenario, verb string) func(contender string) subject {
	return func(contender string) subject { return subject{attachPart, scenario, verb, "ms", contender} }
}

func (r *results) toReference(what, wanted string, of func(contender string) subject) goal {
	reference := r.fasterReference(of)
	return goal{what + ": the faster reference backend to ours", wanted, r.ratio(reference, of(oursNft)), r.ratio(reference, of(calledFloor))}
}

func (r *results) toCalls(what, wanted string, of func(contender string) subject) goal {
	return goal{what + ": ours to the kernel calls", wanted, r.ratio(of(oursNft), of(floorName)), r.ratio(of(calledFloor), of(floorName))}
}

func (r *results) flatGoals() (list []goal) {
	for _, verb := range []string{"ADD", "DEL", "CHECK"} {
		grown := func(contender string) string {
			return r.growth(verb, contender) + " (" + r.growth(verb+cpuTime, contender) + " by CPU time)"
		}
		called := grown(calledFloor) + ", which looks at nothing"
		if verb != "CHECK" {
			called = grown(calledFloor) + ", without CNI " + grown(floorName)
		}
		list = append(list, goal{verb + " beside 4,000 attachments to beside one", "at most 1.2x", grown(oursNft), called})
	}
	address := func(n string) subject {
		return subject{leasesPart, "beside " + n + ", ours among themselves", "allocate and release", "ms", "ours"}
	}
	dropped := func(others string) string { return r.value(tracked("address", others)) }
	return append(list, goal{"an address: beside 50,000 others to beside none", "at most 1.2x", r.ratio(address("50000"), address("0")), ""},
		goal{"looking for connections to drop: beside 200,000 others to beside none", "1x", dropped("200000") + " ms to " + dropped("0"), ""})
}

// growth is how many times as much a contender takes beside 4,000 others as beside one.
func (r *results) growth(quantity, contender string) string {
	at := func(others string) subject { return subject{alonePart, others, quantity, "ms", contender} }
	return r.ratio(at("4000 others"), at("1 others"))
}

func (r *results) pathGoals() []goal {
	dials := func(mappings string) subject {
		return subject{trafficPart, mappings, "new connections", "1/s", oursNft}
	}
	list := []goal{{"new connections a second: 20,000 mappings to one", "at least 0.95x", r.inTurns(dials("20000 mappings"), dials("1 mappings")), ""}}
	for _, filtered := range []string{"0", "1"} {
		poured := func(contender string) subject {
			return pathSubject(filtered, "one connection", bulkIperf, "Gbit/s", contender)
		}
		list = append(list, goal{
			"iperf3, bridge-nf-call-iptables " + filtered + ": ours to a bare veth and bridge", "at least 0.98x",
			r.inTurns(poured(guardedPath), poured(barePath)), "a look-up alone: " + r.inTurns(poured(lookedUpPath), poured(barePath)),
		})
	}
	return list
}

func (r *results) sizeGoals() []goal {
	of := func(scenario, quantity string) subject {
		return subject{programsPart, scenario, quantity, "MB", oursNft}
	}
	size := func(n string) string {
		if m := r.find(of("executable "+n, "size")); m != nil {
			return fmt.Sprintf("%.3f", m.median())
		}
		return "not measured"
	}
	return []goal{
		{"executables, MB", "below 6", size("1") + ", " + size("2"), ""},
		{"peak memory of ADD and of DEL, MB", "below 15", r.value(of("ADD with one port", "peak memory of one")) + ", " + r.value(of("DEL with one port", "peak memory of one")), ""},
	}
}

// fasterReference is the subject of the reference backend with the smaller median.
func (r *results) fasterReference(of func(contender string) subject) subject {
	iptables, nft := r.find(of(refIptables)), r.find(of(refNft))
	if nft == nil || iptables != nil && iptables.median() < nft.median() {
		return of(refIptables)
	}
	return of(refNft)
}

// find returns a measure that has samples, or nil.
func (r *results) find(s subject) *measure {
	if m := r.noted(s); m != nil && len(m.Samples) > 0 {
		return m
	}
	return nil
}

func (r *results) value(s subject) string {
	if m := r.find(s); m != nil {
		return number(m.median())
	}
	return "not measured"
}

func (r *results) ratio(of, to subject) string {
	return cmp.Or(times(r.find(of), r.find(to)), "not measured")
}

// inTurns is the median of the ratios within each turn, with how far they are spread: what slows the machine
// for a while slows both.
func (r *results) inTurns(of, to subject) string {
	m, base := r.find(of), r.find(to)
	if m == nil || base == nil || len(m.Samples) != len(base.Samples) {
		return "not measured"
	}
	ratios := measure{}
	for i, s := range m.Samples {
		ratios.Samples = append(ratios.Samples, s/base.Samples[i])
	}
	return fmt.Sprintf("%.2fx (%.2f-%.2f)", ratios.median(), ratios.at(10), ratios.at(90))
}
