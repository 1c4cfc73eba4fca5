// Package nat decides which translations an attachment needs and keeps the kernel in
// step with that: host ports published to a container, and masquerade for a network.
//
// What is needed is decided here, once; a backend (the packages below this one) only
// renders and loads it. It must not know CNI, links, or how addresses are given out.
package nat
