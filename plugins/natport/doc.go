// Command natport is the CNI plugin that gives a container the outside: MASQUERADE for
// what leaves its network, DNAT for published host ports. It is chained after the plugin
// that made the interface, vethbridge or another one.
//
// It must not know how translations are rendered or kept: it decides which ones its
// config and the previous result need, and calls the libraries. main.go only wires.
//
// Files:
//
//	main.go       the verbs, wired to the CNI door
//	config.go     Config: the keys, decoded and validated once
//	port.go       one port mapping
//	allowed.go    which packets host ports are for
//	conditions.go conditionsV4 and conditionsV6
//	strict.go     strictHostIP on this host
//	mark.go       marks of one's own, and the backend that they need
//	plan.go       Plan: the translations of an attachment, a plain value
//	add.go        ADD: the steps that apply the plan
//	listeners.go  processes of the host that listen on a wanted port
//	del.go        DEL
//	check.go      CHECK
//	gc.go         GC
//	status.go     STATUS
//	person.go     help and validate, for people
//	errors.go     what errors of the libraries mean in CNI
package main
