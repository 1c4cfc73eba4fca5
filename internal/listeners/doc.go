// Package listeners finds the sockets of the host that wait for clients on a port, by asking
// the kernel (sock_diag(7)), never by trying to bind.
//
// It must not know what a port is wanted for.
//
// Files:
//
//	listeners.go  Socket, Find: sockets on given ports
//	process.go    which process a socket belongs to
package listeners
