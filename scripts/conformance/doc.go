// Command conformance brings docs/conformance.md up to date with what a run of the tests with
// real runtimes printed. Runtimes that were not in the run keep their last result.
//
// Files:
//
//	main.go   reading the run's output and the page, writing the page
//	table.go  the table: runtimes, verbs, cases
package main
