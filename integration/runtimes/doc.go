// Package runtimes has real runtimes drive the built executables: podman with its CNI backend,
// and containerd. Each test is a private machine: namespaces of its own for network, mounts,
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
//	containerd_test.go  containerd
package runtimes
