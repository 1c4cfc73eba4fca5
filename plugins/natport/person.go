package main

import (
	"encoding/json"
	"fmt"
	"io"

	"vethbridge/internal/cni"
	"vethbridge/internal/release"
)

const usage = `natport is a CNI plugin: MASQUERADE and published host ports for a container. It stands behind
the plugin that makes the interface, in one config list:

  {"type": "natport", "ipMasq": true, "capabilities": {"portMappings": true}}

Started by hand, it has three commands:

  natport help       shows this text
  natport version    shows which release it is; with --json for machines
  natport validate   judges the plugin's config on standard input, as ADD would

What is published, by whom, and why a port does not answer:

  vethbridge ls --port 8080                      who has the port
  vethbridge inspect 8080                        the attachment whole
  vethbridge trace CLIENT HOST 8080              which rules a packet to the port meets
  vethbridge validate /etc/cni/net.d/FILE        the whole config list
  vethbridge doctor                              every known trap on this host

All keys: natport(8), docs/reference.md.
`

// person answers someone who starts the executable by hand, and returns the exit status: 0 fine,
// 1 findings, 2 usage.
func person(args []string, in io.Reader, out io.Writer) int {
	switch args[0] {
	case "help", "--help", "-h":
		fmt.Fprint(out, usage)
		return 0
	case "version":
		if err := release.Print(out, "natport", len(args) > 1 && args[1] == "--json"); err != nil {
			return 1
		}
		return 0
	case "validate":
		return validate(in, out)
	}
	fmt.Fprintf(out, "natport: there is no command %q\n\n%s", args[0], usage)
	return 2
}

func validate(in io.Reader, out io.Writer) int {
	var config json.RawMessage
	if err := json.NewDecoder(in).Decode(&config); err != nil {
		fmt.Fprintf(out, "decode config: %v\n", err)
		return 1
	}
	if _, err := decodeConfig(&cni.Request{Config: config}); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}
