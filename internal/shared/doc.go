// Package shared keeps the book on what several attachments have in common on a host: a
// bridge, its uplink, forwarding, route_localnet of a device. An object is set up for its first user
// and put back after its last one.
//
// It must not change the kernel: it tells who uses what, and how it was before. Callers
// hold the kernel lock between asking and acting.
//
// Files:
//
//	shared.go    Object: who uses it
//	settings.go  sysctls as they were before the first user
//	check.go     the book's consistency
package shared
