// Package iptables holds translations by the programs of iptables, of either variant: one
// rule for each mapping and network, in chains of our own. A change writes all of them anew,
// so its cost grows with what is there; pkg/nat/nft is the backend where that matters.
//
// It must not decide what is translated: pkg/nat does.
//
// Files:
//
//	backend.go  Backend: List, Apply, Restore, Usable
//	clear.go    Clear: our chains and the jumps to them out of the kernel
//	change.go   what a ruleset is after a change, and when that is drift
//	chains.go   the chains and the jumps to them
//	rules.go    translations as rules, spelled as iptables-save spells them
//	whole.go    Apply where the book says all
//	verbatim.go conditions in iptables' own words
//	restore.go  the input of iptables-restore
//	saved.go    the output of iptables-save
//	parse.go    rules as translations
//	count.go    the output of iptables-save with counters
//	words.go    quoting
//	program.go  starting the programs
package iptables
