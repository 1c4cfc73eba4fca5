// Package conntrack drops tracked connections that a change of published ports has made
// wrong, by netlink.
//
// It must not know why a mapping comes or goes.
//
// Files:
//
//	drop.go     Drop, DropLed: which connections mappings make wrong by coming, and by going
//	address.go  DropOf: of addresses whose holder goes
//	search.go   the shortest way: by the kernel itself, or by lists
//	filter.go   what the kernel compares
//	find.go     Find: the connections of some addresses
//	table.go    the kernel's table: listing and flushing by a filter, removing
package conntrack
