// Package masquerade has the config keys for translations that both executables understand: how
// traffic leaves, and which backend holds it.
//
// It must not know attachments, nor what else stands in a config.
//
// Files:
//
//	leave.go    Keys: ipMasq, masqueradeRandomFully, snatTo
//	backend.go  Backend: nftables or iptables
//	error.go    what errors about networks mean
package masquerade
