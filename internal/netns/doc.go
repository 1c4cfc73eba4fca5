// Package netns opens, identifies and enters network namespaces.
//
// It must not know what is done inside one.
//
// Files:
//
//	namespace.go  Namespace: open, identity, close
//	own.go        Own, ProcNet, ReadNet: the calling thread's namespace
//	errors.go     what can be wrong with a path
//	do.go         running a function inside
package netns
