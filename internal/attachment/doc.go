// Package attachment names the unit that everything in this module belongs to: one
// interface of one container on one network.
//
// It must not know how an attachment is wired, stored or translated; it only says who
// the owner is, which names follow from that, and what its link shall be.
//
// Files:
//
//	owner.go      Owner, its store key and its text form
//	mark.go       the mark put on kernel objects, and the host-side link name
//	port.go       Port: what its link shall be
//	linklocal.go  the address that follows from a link's MAC address
package attachment
