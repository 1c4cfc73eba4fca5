// Package statetest opens state directories for tests and checks the whole book after
// each of them.
//
// It must not know the tables of the libraries: a test passes their checks.
//
// Files:
//
//	open.go  Open and Check
package statetest
