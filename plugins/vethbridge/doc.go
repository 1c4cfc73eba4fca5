// Command vethbridge is the CNI plugin that wires a container's network namespace into a
// Linux bridge: veth pair, addresses, routes, gateway.
//
// It must not know how links, addresses and translations are made: it decides what an
// attachment of its config is, and calls the libraries. main.go only wires.
//
// Files:
//
//	main.go    the verbs, wired to the CNI door
//	config.go  Config: the keys, decoded and validated once
//	decode.go  from JSON to Config
//	subnetfile.go  what flannel's file says, in place of keys
//	resolv.go  DNS from a resolv.conf(5)
//	plan.go    Plan: what an attachment is, a plain value made of config and addresses
//	add.go     ADD: the steps that apply the plan
//	assign.go  the addresses of an attachment, built in or delegated
//	fence.go   what a container may send, and who reaches it
//	vlan.go    the VLANs of the port
//	uplink.go  the link by which the bridge reaches the LAN
//	del.go     DEL
//	check.go   CHECK
//	gc.go      GC
//	status.go  STATUS
//	errors.go  what errors of the libraries mean in CNI
package main
