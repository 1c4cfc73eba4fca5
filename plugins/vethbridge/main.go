package main

import (
	"os"

	"vethbridge/internal/cni"
)

func main() {
	os.Exit(cni.Main(cni.Plugin{
		About: "CNI plugin vethbridge: wires a container's network namespace into a Linux bridge",
		Add:   add, Del: del, Check: check, GC: gc, Status: status,
	}))
}
