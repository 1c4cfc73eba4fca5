// Probe is the smallest server and client by which the demo shows real packets: the server
// answers with its name and the source address that it sees.
//
// It must not know the demo.
//
// Files:
//
//	main.go   the command line
//	serve.go  the server
//	ask.go    the client
package main
