// Bench measures the chained ADD and DEL of our plugins beside the reference plugins and
// beside the bare kernel calls, interleaved in one run, in private network namespaces.
//
// It is a module of its own, so that what it compares with stays out of the product. It
// must not know how our plugins work: it calls all contenders through libcni.
//
// Files:
//
//	main.go       flags, and the run as a whole
//	contender.go  who is measured: executables and conflists
//	scenario.go   what is measured: families, ports, others, rounds
//	host.go       a private host namespace for each contender
//	cni.go        attaching through libcni
//	bare.go       attaching by the kernel calls alone
//	measure.go    the rounds
//	path.go       what packets between containers cost
//	report.go     medians, spread and ratios, as a table and as JSON
//	leases/       what an address costs beside others
//	plot/         the figures as pictures
//	floor/        the program that makes only the kernel calls
package main
