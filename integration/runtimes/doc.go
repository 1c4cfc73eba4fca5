// Package runtimes has real runtimes drive the built executables: podman with its CNI backend,
// and containerd, by ctr and by CRI. Each test is a private machine: namespaces of its own for network, mounts,
// processes and more, whose end takes every daemon and container with it, with a LAN behind an
// uplink.
//
// It must not know the packages that the executables are made of. The tests run with
// "make test-runtimes", which installs the runtimes' Debian packages.
//
// Files:
//
//	machine_test.go     the private machine
//	image_test.go       an image without a registry
//	expect_test.go      what every runtime's container must be able to do
//	podman_test.go      podman
//	containerd_test.go  containerd by ctr
//	crictl_test.go      a node: containerd that runs pods, driven by crictl
//	cri_test.go         pods
//	burst_test.go       many pods at once, beside the reference plugins
//	tools/              modules that build what Debian does not have, apart from the product's go.mod
package runtimes
