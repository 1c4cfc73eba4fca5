// Package nlsocket is a plain netlink socket: one request at a time, answered within the call that
// sends it.
//
// The calls of netlink packages cost several times as much as what they ask the kernel for: a poller
// and its thread, 64 KiB cleared for every answer, sockets bound and looked at again. A plugin lives
// for milliseconds. It must not know what any message says beyond its header.
//
// Files:
//
//	socket.go     Socket: requests and batches
//	message.go    messages
//	attribute.go  what messages hold
package nlsocket
