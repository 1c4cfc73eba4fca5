// Command leases measures what an address costs: allocate and release by a process each,
// as a runtime does it, with 0 to 50,000 leases there already, ours beside the reference
// host-local in the same run and in turns; and how soon a full network of ours says so.
//
// Files:
//
//	main.go       the runs
//	report.go     what they found, as JSON
//	measure.go    two contenders in turns
//	ours.go       pkg/ipam: filling the book, and one operation as a process of its own
//	hostlocal.go  the reference: filling its directory, and calling it
//	exhausted.go  a full /16, asked by the built plugin
package main
