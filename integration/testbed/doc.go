// Package testbed makes the world that the black-box tests run in: a host, a LAN behind it
// and containers, each a network namespace of its own; and the runtime that calls plugins.
//
// It must not know what is promised.
//
// Files:
//
//	host.go      Host: the test's goroutine in a fresh host namespace, with a LAN
//	plugin.go    Plugins: calling the executables as a runtime does
//	chain.go     Network: the chain of both plugins with prevResult and portMappings
//	cnitool.go   CNITool: conflists as an operator runs them
//	parallel.go  many calls at the same time
//	traffic.go   servers that answer with the source that they see, and clients
//	frames.go    Ethernet frames made by hand, sent and heard
//	rules.go     Rules: nftables objects, kept and put back
//	snapshot.go  Snapshot: links, addresses, rules and sysctls as text
package testbed
