// Floor makes the kernel calls of an attachment and nothing else, as its arguments tell.
//
// It must not know the product.
//
// Files:
//
//	main.go   the command line
//	memory.go running another program and noting its memory, for the benchmark
package main
