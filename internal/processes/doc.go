// Package processes finds processes of the machine, by what /proc tells of them (proc(5)). It must not know what a
// process is looked for.
//
// Files:
//
//	processes.go  With, Command
package processes
