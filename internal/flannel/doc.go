// Package flannel reads what flanneld says about the host that it runs on.
//
// It must not know what becomes of that: the plugin and the commands for people decide.
//
// Files:
//
//	subnetfile.go  Subnets: the file, decoded and validated
package flannel
