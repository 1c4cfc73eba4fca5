// Command man writes the manual pages vethbridge.8 and natport.8 into a directory: the commands
// from where "vethbridge help" has them, config keys and error codes from docs/reference.md.
//
// Files:
//
//	main.go       the two pages
//	reference.go  the tables of the reference page
//	troff.go      what a page is written in
package main
