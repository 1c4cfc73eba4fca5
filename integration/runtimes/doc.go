// Package runtimes has real runtimes drive the built executables: podman with its CNI backend,
// podman 5 with netavark, containerd, by ctr and by CRI, and nerdctl. Each test is a private machine: namespaces of its own for
// network, mounts, processes and more, whose end takes every daemon and container with it, with
// a LAN behind an uplink.
//
// It must not know the packages that the executables are made of. The tests run with
// "make test-runtimes", which installs the runtimes' Debian packages, and builds once what
// Debian doesn't have.
//
// Files:
//
//	machine_test.go     the private machine
//	image_test.go       an image without a registry
//	expect_test.go      what every runtime's container must be able to do
//	conformance_test.go what the table of conformance is made of
//	podman_test.go      podman 4, by CNI
//	podman5_test.go     podman 5, by netavark
//	podman5_options_test.go  options of its networks
//	rootless_test.go    podman 5 without root
//	nerdctl_test.go     nerdctl
//	containerd_test.go  containerd by ctr
//	node_test.go        a node: a release of containerd that runs pods
//	crictl_test.go      pods, as crictl starts and removes them
//	cri_test.go         what pods are promised
//	beside_test.go      docker, netavark and the reference plugins on the same host
//	reboot_test.go      what dies with a boot
//	burst_test.go       many pods at once, beside the reference plugins
//	kubelet_test.go     a static pod of a kubelet
//	daemonset_test.go   the DaemonSet's pod on a bare node
//	stream_test.go      a connection that goes on
//	hosts_test.go       several hosts on one segment
//	flannel_test.go     flannel between two hosts
//	twonodes_test.go    routes between two nodes
//	onepool_test.go     one pool of addresses for two hosts, by DHCP
//	tools/              modules that build what Debian doesn't have, apart from the product's go.mod
package runtimes
