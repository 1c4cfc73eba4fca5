package main

import (
	"fmt"
	"slices"
)

// goal is a number that the project wants to reach, and what was found.
type goal struct{ name, wanted, found string }

// summary holds what was found against what is wanted.
func (r *results) summary() string {
	text := "| | wanted | found |\n|---|---|---|\n"
	for _, g := range slices.Concat(r.speedGoals(), r.flatGoals(), r.pathGoals(), r.sizeGoals()) {
		text += fmt.Sprintf("| %s | %s | %s |\n", g.name, g.wanted, g.found)
	}
	return text
}

func (r *results) speedGoals() []goal {
	at := func(scenario, verb string) func(string) subject {
		return func(contender string) subject { return subject{attachPart, scenario, verb, "ms", contender} }
	}
	burst := func(contender string) subject { return subject{burstPart, "1 port each", "ADD", "ms", contender} }
	hundred := func(contender string) string {
		return r.inTurns(subject{portsPart, "100 ports", "ADD", "ms", contender}, subject{portsPart, "1 port", "ADD", "ms", contender})
	}
	return []goal{
		{"ADD, 1 port: the faster reference backend to ours", "8x", r.ratio(r.fasterReference(at("1 port", "ADD")), at("1 port", "ADD")(oursNft))},
		{"ADD, 1 port: ours to the floor", "2x", r.ratio(at("1 port", "ADD")(oursNft), at("1 port", "ADD")(floorName))},
		{"ADD, 1 port: the faster reference backend to the floor as CNI plugins", "", r.ratio(r.fasterReference(at("1 port", "ADD")), at("1 port", "ADD")(calledFloor))},
		{"ADD, 1 port: ours to the floor as CNI plugins", "", r.ratio(at("1 port", "ADD")(oursNft), at("1 port", "ADD")(calledFloor))},
		{"ADD, bridge alone: ours to the floor", "1.5x", r.ratio(at("bridge alone", "ADD")(oursNft), at("bridge alone", "ADD")(floorName))},
		{"DEL, 1 port: the faster reference backend to ours", "4x", r.ratio(r.fasterReference(at("1 port", "DEL")), at("1 port", "DEL")(oursNft))},
		{"DEL, 1 port: ours to the floor", "1.3x", r.ratio(at("1 port", "DEL")(oursNft), at("1 port", "DEL")(floorName))},
		{"ADD: 100 ports to one", "1.2x", hundred(oursNft) + ", floor " + hundred(floorName) + ", floor as CNI plugins " + hundred(calledFloor)},
		{"100 ADDs, 16 at a time: the faster reference backend to ours", "8x", r.ratio(r.fasterReference(burst), burst(oursNft))},
		{"100 ADDs, 16 at a time: the faster reference backend to the floor as CNI plugins", "", r.ratio(r.fasterReference(burst), burst(calledFloor))},
	}
}

func (r *results) flatGoals() (list []goal) {
	for _, verb := range []string{"ADD", "DEL", "CHECK"} {
		at := func(others, contender string) subject { return subject{alonePart, others, verb, "ms", contender} }
		found := r.ratio(at("4000 others", oursNft), at("1 others", oursNft))
		if verb != "CHECK" {
			found += ", floor " + r.ratio(at("4000 others", floorName), at("1 others", floorName))
		}
		list = append(list, goal{verb + ": beside 4,000 others to beside one", "1.2x", found})
	}
	address := func(n string) subject {
		return subject{leasesPart, "beside " + n + ", ours among themselves", "allocate and release", "ms", "ours"}
	}
	return append(list, goal{"an address: beside 50,000 others to beside none", "1.2x", r.ratio(address("50000"), address("0"))},
		goal{"dropping a stale connection: beside 200,000 to beside none", "1x", r.ratio(tracked("address", "200000"), tracked("address", "0"))})
}

func (r *results) pathGoals() []goal {
	dials := func(mappings string) subject {
		return subject{trafficPart, mappings, "new connections", "1/s", oursNft}
	}
	list := []goal{{"new connections: 20,000 mappings to one", "0.95x", r.inTurns(dials("20000 mappings"), dials("1 mappings"))}}
	compared := []struct{ name, of, to string }{
		{"ours to " + barePath, guardedPath, barePath}, {"ours to " + trackedPath, guardedPath, trackedPath}, {"one look-up to " + barePath, lookedUpPath, barePath},
	}
	for _, filtered := range []string{"0", "1"} {
		for _, c := range compared {
			ratio := func(quantity, unit string) string {
				return r.inTurns(pathSubject(filtered, "one connection", quantity, unit, c.of), pathSubject(filtered, "one connection", quantity, unit, c.to))
			}
			list = append(list, goal{
				"iperf3, bridge-nf-call-iptables " + filtered + ": " + c.name, "0.98x",
				ratio(bulkIperf, "Gbit/s") + ", CPU " + ratio(cpuIperf, "ns"),
			})
		}
	}
	return list
}

func (r *results) sizeGoals() []goal {
	of := func(scenario, quantity string) subject {
		return subject{programsPart, scenario, quantity, "MB", oursNft}
	}
	return []goal{
		{"executables, MB", "6", r.value(of("executable 1", "size")) + ", " + r.value(of("executable 2", "size"))},
		{"peak memory of ADD and of DEL, MB", "15", r.value(of("ADD with one port", "peak memory of one")) + ", " + r.value(of("DEL with one port", "peak memory of one"))},
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
	for _, m := range r.Measures {
		if m.subject == s && len(m.Samples) > 0 {
			return m
		}
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
	m, base := r.find(of), r.find(to)
	if m == nil || base == nil || base.median() == 0 {
		return "not measured"
	}
	return fmt.Sprintf("%.2fx", m.median()/base.median())
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
