// Package links makes, checks and removes the links of attachments: bridges, veth pairs,
// their addresses, routes and neighbours. It is the only user of that part of netlink.
//
// It must not know CNI, JSON or the state file: values in, values out.
//
// Files:
//
//	host.go        Host: this machine's links
//	socket.go      the netlink socket
//	request.go     messages about links; address.go and routing.go, about addresses and routes
//	decode.go      what the kernel says of a link
//	bridge.go      bridges; gateways.go, the addresses that they carry
//	bridgestate.go what EnsureBridge changed, and how it is taken back
//	vlan.go        the VLANs of a port
//	vlanbridge.go  VLAN filtering, and the link of the gateways in a VLAN
//	ports.go       how many ports a bridge has
//	uplink.go      a link of the host as a port of a bridge
//	holdings.go    Holdings: addresses and routes that move to another link
//	held.go        their messages
//	port.go        Port: attaching and detaching a veth pair
//	hostend.go     the host's side of a port: its names, and how it is found
//	container.go   Container, and its side of a port: addresses, routes, sysctls
//	complete.go    the wait for the container's IPv6 addresses to work
//	forwarding.go  the wait for a bridge to forward a port's frames
//	setting.go     sysctls; devconf.go, those that are read by netlink
//	route.go       routes
//	alias.go       what an alias says
//	list.go        all links of the host
//	check.go       comparing bridges and ports with the kernel
//	mend.go        making them what they shall be again
//	overlap.go     networks that the host reaches otherwise
//	describe.go    Description: a link as a person wants to see it
//	lookup.go      questions about the host; ways.go has those about its ways out
//	mac.go         hardware addresses
//	announce.go    telling the neighbours
//	errors.go      typed errors
package links
