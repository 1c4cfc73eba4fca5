// Package nft holds translations in nftables, by netlink: one table with fixed chains and
// with sets and maps whose elements are all that ever changes.
//
// It must not decide what is translated: pkg/nat does. It needs no nft binary.
//
// Files:
//
//	backend.go   Backend: the socket, Apply, Restore, Clear, Usable
//	list.go      List: reading the kernel back
//	find.go      Find: looking up some of it
//	count.go     Count: reading the counters of the maps
//	sets.go      the sets and maps
//	elements.go  translations as their elements
//	chains.go    the chains and what each of their rules is for
//	rules.go     the rules
//	expr.go      expressions that the rules are made of
package nft
