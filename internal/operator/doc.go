// Package operator is what a person at a terminal gets from the executable: the commands
// that show, check and mend what the plugins have made on this host.
//
// It must not change anything that the command's name does not say, and costs the plugin
// nothing when a runtime starts it.
//
// Files:
//
//	command.go   Run: the commands and their flags
//	ls.go        ls: what is attached
//	inspect.go   inspect: one attachment whole
//	check.go     check: the book, and the kernel beside it
//	mend.go      repair and gc
//	doctor.go    doctor: every known trap; doctor_host.go, doctor_network.go have them
//	importer.go  import: the leases of the reference host-local
package operator
