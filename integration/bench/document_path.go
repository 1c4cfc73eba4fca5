package main

import "strings"

// pathRows have what contenders between two containers do with br_netfilter off, then on.
func (r *results) pathRows() (list rows) {
	shown := map[string]string{trackedPath: "tracked", lookedUpPath: "one look-up", "ours, spoofGuard: false": "ours, `\"spoofGuard\": false`"}
	for _, filtered := range []string{"0", "1"} {
		for _, c := range []string{barePath, trackedPath, lookedUpPath, guardedPath, "ours, spoofGuard: false", "reference bridge"} {
			of := func(scenario, quantity, unit string, cell func(m, first *measure) string) string {
				return r.cells(pathSubject(filtered, scenario, quantity, unit, ""), cell, barePath, c)[1]
			}
			name := c
			if s := shown[c]; s != "" {
				name = s
			}
			if c == barePath {
				name = "bridge-nf-call-iptables " + filtered + ": " + name
			}
			list = append(list, []string{name, of("small datagrams", "CPU of a packet", "ns", ratio), of("one connection", bulkIperf, "Gbit/s", ratio),
				of("one connection", cpuIperf, "ns", ratio), of("one connection", "requests", "1/s", plain), of("one connection", "bulk", "Gbit/s", plain)})
		}
	}
	return list
}

// iperfRows have the ratios within turns.
func (r *results) iperfRows() (list rows) {
	for _, row := range []struct{ name, quantity, unit, of, to string }{
		{"gigabits a second: ours to a bare veth and bridge", bulkIperf, "Gbit/s", guardedPath, barePath},
		{"gigabits a second: ours to one with connections tracked", bulkIperf, "Gbit/s", guardedPath, trackedPath},
		{"gigabits a second: one look-up to a bare veth and bridge", bulkIperf, "Gbit/s", lookedUpPath, barePath},
		{"CPU time of 64 KiB: ours to a bare veth and bridge", cpuIperf, "ns", guardedPath, barePath},
		{"CPU time of 64 KiB: ours to one with connections tracked", cpuIperf, "ns", guardedPath, trackedPath},
		{"CPU time of 64 KiB: one look-up to a bare veth and bridge", cpuIperf, "ns", lookedUpPath, barePath},
	} {
		line := []string{row.name}
		for _, filtered := range []string{"0", "1"} {
			of := func(contender string) subject {
				return pathSubject(filtered, "one connection", row.quantity, row.unit, contender)
			}
			line = append(line, r.inTurns(of(row.of), of(row.to)))
		}
		list = append(list, line)
	}
	return list
}

// connections are new ones a second beside ever more mappings.
func (r *results) connections() (list rows) {
	for _, s := range r.subjects(trafficPart) {
		if mappings, in := strings.CutSuffix(s.Scenario, " mappings"); in && s.Quantity == "new connections" {
			list = append(list, append([]string{thousands(mappings)}, r.cells(s, plain, oursNft, oursIptables, refNft, refIptables)...))
		}
	}
	return list
}
