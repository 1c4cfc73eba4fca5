// Package netfilter is what our nftables tables have in common: the socket and its batches,
// tables of fixed chains whose rules are known by their comments, and the expressions that
// rules are made of.
//
// It must not know what any table is for: pkg/nat/nft and internal/fence do.
//
// Files:
//
//	conn.go      Conn: the socket, one batch a change
//	changes.go   Changes: elements that come and go, in one transaction
//	elements.go  elements of sets, in bites that fit
//	lookup.go    Get: one element of a set
//	policy.go    asking for one chain of anybody
//	legacy.go    whether there is a table of iptables' legacy variant
//	dropping.go  chains at the hook forward that drop
//	portmap.go   rules of the reference portmap
//	layout.go    the administrator's chains, and the rules that jump to them
//	layoutnumber.go  which release's layout a table has
//	chain.go     Chain, Rule: the fixed structure of a table
//	expr.go      expressions
package netfilter
