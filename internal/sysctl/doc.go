// Package sysctl reads sysctls, and writes them only where they differ.
//
// It must not know which ones matter.
//
// Files:
//
//	sysctl.go  Get, Ensure
//	apart.go   where they are looked up, on hosts with many namespaces
package sysctl
