// Package integration tests the built executables as a runtime sees them: started with
// the CNI environment, in network namespaces of their own, with real packets.
//
// It must not know the packages that the executables are made of, apart from helpers for
// tests: what it sees is stdout, the exit status, the kernel and the network.
//
// Files, each with one subject:
//
//	main_test.go      builds the executables once
//	systems_test.go   veth pair, bridge, masquerade, published ports: the four systems
//	reach_test.go     who reaches a published port, from where
//	input_test.go     bad input
//	versions_test.go  spec versions, VERSION, STATUS
//	del_test.go       DEL in every odd situation
//	check_test.go     CHECK, and healing
//	gc_test.go        GC
//	kill_test.go      kill -9 at any moment
//	parallel_test.go  bursts
//	claims_test.go    addresses and ports that are taken, reclaiming the dead
//	process_test.go   which processes are started
//	conf_test.go      the sample conflists
package integration
