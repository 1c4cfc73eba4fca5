// Package operator is what a person at a terminal gets from the executable: the commands
// that show, check and mend what the plugins have made on this host.
//
// It must not change anything that the command's name does not say, and costs the plugin
// nothing when a runtime starts it.
//
// Files:
//
//	command.go   Run: one command under way
//	commands.go  Commands: the commands, as help and manual show them; flags.go, help.go; parse.go reads a command line
//	ls.go        ls: what is attached; rows.go has the rows, rows_port.go their ports, filter.go which, watch.go again and again
//	drift.go     what the kernel lacks of an attachment
//	inspect.go   inspect: one attachment whole; inspect_more.go has its links, connections and log
//	trace.go     trace: the way of one packet; trace_client.go sends it
//	validate.go  validate: a config by line and column; validate_plugin.go asks the plugins
//	check.go     check: the book, and the kernel beside it
//	mend.go      repair and gc
//	doctor.go    doctor: every known trap; doctor_host.go, doctor_firewall.go, doctor_network.go,
//	             doctor_links.go and doctor_others.go have them, doctor_status.go asks the plugins,
//	             doctor_release.go which release they are
//	paint.go     colours, on a terminal
//	metrics.go   metrics: figures for Prometheus; exposition.go writes them,
//	metrics_operations.go those of the last calls, metrics_taken.go those of the mappings
//	graph.go     graph: a picture of the host; picture.go has it, graph_formats.go its languages
//	completion.go completion: what makes shells complete all this
//	importer.go  import: the leases of the reference host-local
package operator
