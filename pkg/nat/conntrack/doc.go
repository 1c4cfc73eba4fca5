// Package conntrack drops tracked connections that a change of published ports has made
// wrong, by netlink.
//
// It must not know why a mapping comes or goes.
//
// Files:
//
//	drop.go     Drop: which connections are wrong
//	address.go  DropOf: of addresses whose holder goes
//	find.go     Find: the connections of some addresses
//	table.go    the kernel's table: listing with the filter in the kernel, removing
package conntrack
