// Package state is the book that both executables share: one bbolt file per state
// directory, with a record of every attachment and what the libraries claim for it.
//
// It must not know what a claim means (an address, a host port, a translation): pkg/ipam
// and pkg/nat keep tables of their own in it. It must not touch links or rules.
//
// Lock order: the owner lock first, the kernel lock second, then a transaction. A transaction is short: nobody
// waits for the kernel inside one.
//
// The book outlives whatever happens to it: a file that can't be read is set aside with a
// warning and a new one begun, to be filled again from the marks in the kernel; a file of a
// later release is refused and left alone.
//
// Files:
//
//	store.go       Store: the directory, Update and View
//	dir.go         which directory is fit to be used
//	writable.go    whether anything can come to the book
//	book.go        one transaction over the state file; setting a corrupt one aside
//	verified.go    when a state file is verified
//	pages.go       verification of its pages
//	corrupt.go     what tells corrupt content from a fault of the program
//	schema.go      the version of what is in the file
//	table.go       typed access to the tables inside a transaction
//	numbers.go     tables that count
//	attachment.go  the record of one attachment
//	outcome.go     Outcome: how the last call of each verb went, for metrics
//	boot.go        which boot this is
//	check.go       consistency of the whole file
//	open.go        opening files
//	ownerlock.go   LockOwner: one call at a time for an owner
//	gracelock.go   LockRemoval, AwaitRemovals: one grace period for all who remove rules; Holding
//	lock.go        file locks with a time limit that name their holder
package state
