// Package nat decides which translations an attachment needs and keeps the kernel in
// step with that: host ports published to a container, and masquerade for a network.
//
// What is needed is decided here, once; a backend (the packages below this one) only
// renders and loads it. It must not know CNI, links, or how addresses are given out.
//
// Files:
//
//	translation.go  Protocol, Mapping, Translations: what can be needed
//	network.go      Network, Treatment: what happens to packets of a network
//	limit.go        Limit: which packets a mapping is for
//	allowed.go      Allowed: what a config asks for, as limits
//	policy.go       Translate: from addresses and ports to translations
//	backend.go      Backend, Change, Ruleset: what a renderer can do
//	keeper.go       Keeper: kernel == book
//	whole.go        which backends the book knows all of
//	range.go        ranges of ports, taken apart and put together
//	holdings.go     what a backend lacks of a mapping
//	order.go        the order in which all is listed
//	counts.go       Counts: how many connections the mappings have taken
//	check.go        comparing one attachment's translations with the kernel
//	repair.go       restoring the kernel from the book
//	strangers.go    what the kernel holds of owners that the book has lost
//	book.go         the translations of every owner, in the state file
//	record.go       a record, and how it stands in the book
//	portlist.go     lists of ports as text
//	ports.go        claims on host ports
//	choose.go       Choose: a free host port
//	networks.go     which networks are masqueraded or hairpinned, for how many
//	cover.go        overlapping prefixes as disjoint ones
//	errors.go       typed errors
package nat
