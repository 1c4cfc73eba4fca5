package main

import (
	"os"

	"vethbridge/internal/cni"
)

func main() {
	os.Exit(cni.Main(cni.Plugin{
		About: "CNI plugin natport: MASQUERADE and published host ports for a container",
		Add:   add, Del: del, Check: check, GC: gc, Status: status,
	}))
}
