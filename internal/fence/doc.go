// Package fence says what an attachment may send and who may reach it: the spoof guard of
// its port, and the walls between its network, other networks and the host. It keeps the
// kernel as the book says, in two nftables tables of fixed chains whose sets are all that
// ever changes.
//
// It must not know CNI or how a link is made. A guarded port is known by its device group,
// so that one whose elements are not there can send nothing.
//
// Files:
//
//	fence.go    Port, Network: what is wanted, and the elements that it comes to
//	element.go  Element: an entry of a set
//	sets.go     the sets and how their keys are made
//	guard.go    the bridge table: what a port may send
//	walls.go    the inet table: who may reach whom
//	keeper.go   Keeper: kernel == book
//	verify.go   comparing one attachment's fence with the kernel
//	repair.go   all owners at once: restoring, comparing, adopting
//	kernel.go   reading and changing the kernel
//	book.go     who needs which element, in the state file
package fence
