// Floorplugin makes the kernel calls of an attachment as a CNI plugin, by CNI's own library: what is left of a plugin
// without book, guards and checks.
//
// It must not know the product.
//
// Files:
//
//	main.go   config, verbs, result
package main
