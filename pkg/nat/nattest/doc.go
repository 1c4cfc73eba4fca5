// Package nattest has what a backend of pkg/nat is tested with: the cases, the contract
// that every backend must keep, and a fake that keeps it in memory.
//
// It must not know any real backend.
//
// Files:
//
//	fake.go      Fake: a backend in memory
//	cases.go     the cases: translations that attachments need
//	contract.go  Contract: what every backend must do
//	drift.go     the promises for kernels and books that others have changed
package nattest
