// Package kernel makes the kernel calls of an attachment and nothing else: no config, no book, no
// marks, no checks. It is what no plugin on this kernel can be faster than.
//
// It must not know the product.
//
// Files:
//
//	call.go   one verb for one container
//	links.go  veth pair, addresses, default routes
//	ports.go  elements of an nftables map
package kernel
