// Package state is the book that both executables share: one bbolt file per state
// directory, with a record of every attachment and what the libraries claim for it.
//
// It must not know what a claim means (an address, a host port, a translation): pkg/ipam
// and pkg/nat keep tables of their own in it. It must not touch links or rules.
//
// Lock order: the kernel lock first, then a transaction. A transaction is short: nobody
// waits for the kernel inside one.
//
// Files:
//
//	store.go       Store: the directory, Update and View
//	table.go       typed access to the tables inside a transaction
//	attachment.go  the record of one attachment
//	lock.go        file locks with a time limit that name their holder
//	boot.go        which boot this is
package state
