// Package integration tests the built executables as a runtime sees them: started with
// the CNI environment, in network namespaces of their own, with real packets.
//
// It must not know the packages that the executables are made of, apart from helpers for
// tests: what it sees is stdout, the exit status, the kernel and the network.
//
// # How a test is made
//
// A test begins with testbed.NewHost, or newDemo for the demo network on it:
//
//	h, n := newDemo(t)                              // the test's thread is on a fresh host
//	before := h.Snapshot()                          // links, addresses, routes, rules, sysctls
//	web, result := attach(t, h, n, "web", port)     // ADD of both plugins, a server on port 80
//	expect(t, h, h.LAN, "tcp", host, 8080, "web", client) // who answers, and what source it saw
//	n.Del(t, web, result.Raw)
//	h.Same(t, before)                               // byte for byte
//
// The host is a network namespace that the test's goroutine is locked into, so that commands
// and plugins that it starts run there too. Don't call plugins from another goroutine: it
// would be in the machine's own namespace. The LAN behind the host's uplink is a real outside
// client; paths of namespaces stand for places, and "" is the host. A network's config is
// changed by With; a single call with an odd environment or config is a testbed.Call. Every
// situation is a row of a table where there is more than one of a kind.
//
// # Files, each with one subject
//
//	main_test.go        builds the executables once
//	systems_test.go     veth pair, bridge, masquerade, published ports: the four systems
//	reach_test.go       who reaches a published port, from where
//	portmodes_test.go   hairpin and promiscuous mode, by frames
//	ownerlock_test.go   calls for one attachment, one after the other
//	input_test.go       bad input; refusals_test.go, what does not go together
//	versions_test.go    spec versions, VERSION, STATUS
//	del_test.go         DEL in every odd situation; del_again_test.go, of what is gone, or not in the book
//	check_test.go       CHECK, and healing
//	gc_test.go          GC
//	kill_test.go        kill -9 at any moment; killcall_test.go, before every system call
//	interrupt_test.go   signals to end at every system call
//	faults_test.go      system calls that fail
//	statedir_test.go    state that can't be kept, or is locked
//	addresses_test.go   which addresses are given
//	delegation_test.go  other IPAM plugins; delegate_test.go, how they are called
//	uplink_test.go      containers on the LAN; uplink_kill_test.go, uplink_ways_test.go
//	sctp_vm_test.go     SCTP, on a kernel that has it
//	vlan_test.go        VLANs that are refused; vlan_vm_test.go, VLANs on a kernel that has them
//	readdress_test.go   a subnet that was changed
//	fullbridge_test.go  1023 ports
//	apart_test.go       sysctls where there are many attachments
//	parallel_test.go    bursts
//	claims_test.go      addresses and ports that are taken, reclaiming the dead
//	ports_test.go       ranges of host ports, and ports left open
//	forward_test.go     firewalls of the host that drop
//	listeners_test.go   processes of the host on a wanted port
//	spoof_test.go       what a container may not send
//	flood_test.go       what a container does to the bridge itself: BPDUs, floods, loops
//	group_frames_test.go frames for bridges (01:80:c2:00:00:00 to 0f) with an IP packet in them
//	fragments_test.go   what fragments may not hide
//	multicast_router_test.go  who gets all multicasts
//	walls_test.go       who reaches whom; related_test.go, by ICMP errors about connections of others
//	doctor_test.go      broken hosts, and their cure
//	keys_test.go        every key's effect
//	mac_test.go         MAC addresses that are taken
//	router_test.go      the host's own default route
//	inspect_test.go     one attachment as the operator sees it
//	ls_test.go          which attachments ls shows, what has drifted, and that again and again
//	graph_test.go       pictures of the host
//	metrics_test.go     figures for Prometheus
//	trace_test.go       the runtime's trace in the log
//	trace_packet_test.go  the command trace: the way of one packet
//	docs_test.go        what the documentation promises; docs_commands_test.go, its command lines; docs_examples_test.go, its configs; maps_test.go, the maps in doc.go
//	process_test.go     which processes are started
//	ipv6off_vm_test.go  a kernel without IPv6
//	foreign_test.go     bridges that others made, and bridges whose MTU changes
//	ipv6off_test.go     hosts and containers without IPv6, a /proc/sys that can't be written
//	status_test.go      what STATUS names
//	routes_test.go      routes with all their fields
//	crowd_test.go       what verbs ask beside hundreds of attachments; crowd_gc_test.go, a GC that finds nothing
//	counts_test.go      what each verb asks of the kernel; counting_test.go, how that is counted
//	proc_test.go        what is not looked up in /proc
//	grace_test.go       grace periods that many DELs share
//	connections_test.go tracked connections of mappings that come and go; ended_test.go, who ends them
//	switch_test.go      conflists of the reference plugins with their types changed
//	install_test.go     installing on a node
//	subnetfile_test.go  what flanneld says about a host
//	takeover_test.go    a node that changes over from the reference plugins
//	release_test.go     what former releases have left running; release_record_test.go keeps it
//	otherrelease_test.go another release of this tree, with tables of another layout
//	upgrade_test.go     hosts whose executables are replaced while containers run
//	upgrade_kill_test.go what a replacement of tables that is cut off leaves
//	upgrade_lost_test.go executables are replaced, and the state file is lost
//	version_test.go     which release an executable says it is
//	conf_test.go        the sample conflists
//	operator_test.go    the commands for people; recorded_test.go, word by word on a busy host
//	operator_check_test.go  what check sees; operator_others_test.go, what other plugins made; operator_words_test.go,
//	                    what the commands say where something is wrong
//	ailments_test.go    broken hosts that doctor_test.go makes
//	managers_test.go    NetworkManager and systemd-networkd, as the doctor sees them
//	validate_test.go    configs judged by line and column
//	repair_test.go      rules that others break; repair_links_test.go, bridges and links
//	backend_test.go     nftables and iptables side by side
//	limits_test.go      whom a port is for, and by which address traffic leaves
//	ranges_test.go      ranges of host ports
//	families_test.go    each family of a port by itself
//	hooks_test.go       the administrator's own rules
//	firewalld_test.go   containers beside firewalld, and its zones
//	neighbours_test.go  other container software on the host
//	exposure_test.go    a host that was no router
//	callers_test.go     the ways in which runtimes call
//	netavark_test.go    podman 5's driver; netavark_kill_test.go, killed in the middle; netavark_calls_test.go, what it
//	                    starts
//	storm_test.go       ADDs, DELs and kills at the same time
//	toolcost_test.go    what the commands for people cost a runtime
//	toolcost_bench_test.go  starts of the executable beside a build without the tool
package integration
