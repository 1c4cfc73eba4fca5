// Package ipamtest judges what many callers, in several processes, were told about the addresses
// of one range set: from when each said what to when it was answered, or was killed.
//
// It must not know how addresses are allocated or where that is remembered.
//
// Files:
//
//	history.go  Call: one call as its caller saw it; Faults: what must never be
//	spans.go    from when to when each owner holds an address for certain, or may hold one
package ipamtest
