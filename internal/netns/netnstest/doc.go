// Package netnstest gives tests network namespaces of their own, so that none of them ever
// touches the machine's.
//
// It must not know what is tested.
//
// Files:
//
//	inside.go  Inside: the test's goroutine in a fresh namespace
//	make.go    Make: a fresh namespace at a path, as a runtime makes them
package netnstest
