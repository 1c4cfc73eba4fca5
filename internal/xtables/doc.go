// Package xtables starts the programs of iptables. It must not know tables, chains or rules.
//
// Files:
//
//	run.go  Run: one program, which waits for the lock of iptables and names its holder
package xtables
