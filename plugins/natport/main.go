package main

import (
	"os"

	"vethbridge/internal/cni"
)

func main() {
	if _, plugin := os.LookupEnv("CNI_COMMAND"); !plugin && len(os.Args) > 1 {
		os.Exit(person(os.Args[1:], os.Stdin, os.Stdout))
	}
	os.Exit(cni.Main(cni.Plugin{
		About: "CNI plugin natport: MASQUERADE and published host ports for a container; \"natport help\" says more",
		Add:   add, Del: del, Check: check, GC: gc, Status: status,
	}))
}
