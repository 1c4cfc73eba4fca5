// Package ipam decides which address belongs to which attachment, and remembers it in the
// state file.
//
// It must not know CNI (the wire types, result, error codes), links, or how addresses are
// translated. It judges nobody's liveness: its errors name the holders, and the caller
// releases dead ones and asks again.
//
// An allocation costs the same whatever the size of the ranges and the number of leases.
// Each range of a network has a pool: a cursor over the addresses never given, and a queue
// of those given back, in order of their release. The cursor comes first, then the head of
// the queue, so an address rests as long as others are free.
//
// Tables in the state file:
//
//	leases     owner -> what it holds
//	addresses  network, address -> owner
//	pools      network, range -> cursor and count
//	freed      network, range, number -> address; numbers grow, so the first key is the
//	           address that was freed longest ago
//	freedAt    network, range, address -> number, to take an asked-for address out of freed
//	subnets    network, subnet -> how many owners use it; gone with the last one
//
// Files:
//
//	range.go         Range, RangeSet: which addresses may be given
//	address.go       arithmetic on addresses
//	config.go        Config and its decoding, all errors with key, value and reason
//	config_range.go  decoding of ranges and their defaults
//	config_sets.go   rules between the ranges of a config
//	config_route.go  Route and its decoding
//	allocate.go      Allocate: one address from each range set
//	lease.go         Lease and its record; Release, Leases, Holders
//	pool.go          pools: cursor and queue
//	subnet.go        overlap between the networks of the state file
//	usage.go         Usages: figures of range sets
//	recorded.go      RecordedRanges: the ranges of networks whose config is not at hand
//	check.go         Check: consistency of all tables
//	hostlocal.go     ReadHostLocal: the leases of the reference plugin, to be taken over
//	errors.go        typed errors
package ipam
