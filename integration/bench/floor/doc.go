// Floor makes the kernel calls of an attachment and nothing else: no config, no book, no
// marks, no checks. It is what no plugin on this kernel can be faster than.
//
// It must not know the product.
//
// Files:
//
//	main.go   the command line
//	links.go  veth pair, addresses, default routes
//	ports.go  elements of an nftables map
//	memory.go running another program and noting its memory, for the benchmark
package main
