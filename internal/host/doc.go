// Package host is what the verbs of both executables do to the machine as a whole: it
// opens the book, the links and the translations, sets up what attachments share, and
// takes an attachment apart by its owner alone.
//
// It must not know CNI: callers hand it values and get typed or wrapped errors.
//
// Files:
//
//	host.go        Host: open and close
//	backend.go     which backend holds the translations of an attachment
//	heal.go        what nftables has lost as a whole
//	bridge.go      the bridge that attachments share
//	bridges.go     all bridges as the records want them; differences.go, the links of attachments
//	readdress.go   a network whose subnet was changed
//	uplink.go      the link by which a bridge reaches the LAN
//	uplinkmove.go  its addresses and routes, moved to the bridge and back
//	forwarding.go  forwarding, and sysctls put back after their last user
//	accept.go      bridges that firewalls of the host let through
//	unrouted.go    links of a host that was no router, which forward for containers only
//	zone.go        bridges in zones of firewalld
//	localnet.go    route_localnet of a device
//	connections.go tracked connections that have become wrong
//	ports.go       ReleasePorts: what natport gave, gone
//	mac.go         MAC addresses that belong to one attachment each
//	crowd.go       sysctls where there are many attachments
//	hairpin.go     hairpin mode where br_netfilter needs it
//	rebuild.go     a lost book, from the marks in the kernel
//	release.go     Release: all that an owner has, gone; unrecorded.go, of an owner that the book does not know
//	liveness.go    which attachments are dead
//	reclaim.go     MakeRoom: the dead of a full network
//	gc.go          CollectGarbage: all that is not valid, gone
package host
