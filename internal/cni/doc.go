// Package cni is the one door through which CNI comes in and goes out: environment,
// stdin, JSON, spec versions, error codes and stdout. Behind it are values.
//
// It must not know what the plugins do. Nothing else in the executables imports the cni
// module.
//
// Files:
//
//	main.go      Plugin and Main: one call of a plugin, from the environment to the exit status
//	door.go      Call: one that comes by another door of the executable
//	signal.go    signals to end, of which an ADD makes a roll-back
//	stdin.go     reading the config, bounded in size and time
//	request.go   Request: what the runtime asks for
//	common.go    the keys that both plugins have
//	result.go    Result: what an ADD made, in the latest spec version's shape
//	convert.go   Result to and from the wire types
//	wire.go      the wire types to and from JSON
//	gc.go        the list of valid attachments
//	error.go     Error and its codes
//	log.go       the logger that the config asks for
//	trace.go     the trace that a call belongs to
//	delegate.go  calling an IPAM plugin
package cni
