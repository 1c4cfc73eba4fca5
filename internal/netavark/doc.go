// Package netavark lets podman 5 use the executables as a driver of netavark: it speaks the
// external plugin API 1.0.0 (github.com/containers/netavark, plugin-API.md). What it has translated
// goes to vethbridge as a plugin, in this process, and for published ports to natport.
//
// It must not know how an attachment is made: podman's networks get what the same config gets
// anywhere else, and share state, addresses and host ports with all other runtimes.
//
// Files:
//
//	run.go      the four verbs
//	wire.go     what podman sends and wants to hear
//	options.go  options of networks, and the keys that they stand for
//	config.go   a network and a container as configs
//	chain.go    calling vethbridge and natport
package netavark
