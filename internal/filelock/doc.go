// Package filelock tells who holds a lock on a file, so that whoever waits for it in vain can
// say whom to look at. It must not take any lock.
//
// Files:
//
//	holder.go  Holder: the process, by /proc/locks
package filelock
