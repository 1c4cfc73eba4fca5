// Package failure says of an error what was being done.
//
// It must not know any of that.
//
// Files:
//
//	failure.go  To
package failure
