// Bench measures our plugins beside the reference plugins and beside the bare kernel calls,
// interleaved in one run, in private network namespaces.
//
// It is a module of its own, so that what it compares with stays out of the product. It
// must not know how our plugins work: it calls all contenders through libcni.
//
// Files:
//
//	main.go       flags, and the run as a whole
//	build.go      executables and versions
//	contender.go  who is measured: executables and conflists
//	scenario.go   what is measured: families, ports, others, rounds
//	host.go       a private host namespace for each contender
//	cni.go        calling through libcni
//	bare.go       attaching by the kernel calls alone
//	measure.go    the rounds
//	cost.go       what a call took: elapsed, CPU time
//	attach.go     part "attach": one ADD and DEL
//	ports.go      part "ports": 100 ports and one, in turns
//	bridges.go    part "bridges": beside docker's and podman's own
//	debian.go     the Debian that has these
//	docker.go     attaching by docker's API
//	netavark.go   attaching by podman's netavark
//	burst.go      part "burst": many at once
//	verbs.go      part "verbs": CHECK, STATUS, GC
//	programs.go   part "programs": sizes, processes, memory
//	leases.go     part "leases": an address beside others, by a program of its own
//	traffic.go    part "traffic": through published ports and masquerade, beside ever more mappings
//	path.go       part "path": what packets between containers cost
//	stream.go     requests and bulk data over one connection, for it
//	datagrams.go  small packets, for it
//	iperf.go      bulk data by iperf3, for both
//	tracked.go    part "tracked": dropping a stale connection beside others
//	grow.go       parts "alone", "grow" and "full": one ADD, DEL and CHECK beside ever more others
//	checks.go     CHECK, for them, and the start of the same plugins
//	summary.go    what was found against what is wanted
//	results.go    samples, and the machine, as JSON
//	table.go      medians, spread and ratios, as Markdown
//	compare.go    two runs
//	document.go   the figures of a run in the documents, below comments that name them
//	document_tables.go, document_path.go, document_readme.go  the rows of these tables
//	leases/       what an address costs beside others
//	plot/         the figures as pictures
//	kernel/       the kernel calls of an attachment
//	floor/        the program that makes only these
//	floorplugin/  the same as CNI plugin, by CNI's library
package main
