package main

// readme has how many times as fast ours are as the reference with iptables, with nftables, docker and netavark.
func (r *results) readme() rows {
	attach := func(scenario, verb string) subject { return subject{attachPart, scenario, verb, "ms", oursNft} }
	burst := func(verb string) subject { return subject{burstPart, "1 port each", verb, "ms", oursNft} }
	bridges := func(verb string) subject { return subject{bridgesPart, "1 port", verb, "ms", oursNft} }
	reference := func(name string, ours subject) []string {
		return []string{name, r.faster(ours, refIptables), r.faster(ours, refNft), "", ""}
	}
	all := func(name, verb string) []string {
		ours := attach("1 port", verb)
		return []string{name, r.faster(ours, refIptables), r.faster(ours, refNft), r.faster(bridges(verb), dockerName), r.faster(bridges(verb), netavarkName)}
	}
	addresses := subject{leasesPart, "beside 50000, in turns", "allocate and release", "ms", "ours"}
	connections := subject{trafficPart, "20000 mappings", "new connections", "1/s", refNft}
	return rows{
		all("ADD, 1 port", "ADD"),
		reference("ADD, 1 port, both families", attach("1 port, dual stack", "ADD")),
		reference("ADD, 100 ports", attach("100 ports", "ADD")),
		reference("100 ADDs, 16 at a time", burst("ADD")),
		reference("100 DELs, 16 at a time", burst("DEL")),
		all("DEL, 1 port", "DEL"),
		reference("CHECK beside 50 others", subject{verbsPart, manyAttached, "CHECK", "ms", oursNft}),
		{"an address beside 50,000 others (`host-local`)", r.faster(addresses, "host-local"), "", "", ""},
		{"new connections beside 20,000 published ports", "", r.faster(connections, oursNft), "", ""},
	}
}

// faster is how many times as much another contender takes.
func (r *results) faster(than subject, contender string) string {
	of := than
	of.Contender = contender
	m, base := r.find(of), r.find(than)
	if m == nil || base == nil {
		return ""
	}
	return brief(m.median() / base.median())
}
