// Package firewalld puts links of the host into zones of firewalld and takes them out, by D-Bus.
//
// It speaks the few words of D-Bus that this takes by itself: a library for all of it would make
// the executable a tenth larger and slower to start. It must not know why a link belongs into a
// zone, nor start firewalld where it does not run.
//
// Files:
//
//	zone.go     the zones of links
//	bus.go      a call: connecting, asking, waiting for the answer
//	message.go  messages as they go over the wire
package firewalld
