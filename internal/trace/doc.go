// Package trace follows one packet through the host: it marks the packet by tables of its own,
// and makes a story of what nftables says about it (the rules that it met, and what each did).
//
// It must not know attachments. It changes nothing but its own tables, which are there only
// while it looks; packets that are not wanted pass them unchanged.
//
// Files:
//
//	table.go  Wanted, Open: the tables that mark the packet and say where it has come to
//	event.go  Event: one message of the kernel; headers.go reads the packet in it
//	follow.go Follow: the events of one packet
//	story.go  Tell: the events in words; fate.go says how it ended, owner.go whose a table is
//	rules.go  Rules: the words of a rule, as its owner wrote it
//	send.go   Send: a packet to follow, from the namespace of the thread
package trace
