package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"vethbridge/internal/cni"
	"vethbridge/internal/netavark"
	"vethbridge/internal/operator"
)

func main() {
	if _, called := os.LookupEnv("CNI_COMMAND"); !called && len(os.Args) > 1 {
		if netavark.Is(os.Args[1]) {
			os.Exit(netavark.Run(netavark.Driver{Plugin: plugin, Judge: judge}, os.Args[1:], os.Stdin, os.Stdout))
		}
		os.Exit(operator.Run(context.Background(), os.Args[1:], judge, os.Stdout, os.Stderr))
	}
	os.Exit(cni.Main(plugin))
}

var plugin = cni.Plugin{
	About: "CNI plugin vethbridge: wires a container's network namespace into a Linux bridge; \"vethbridge help\" lists the commands for people",
	Add:   add, Del: del, Check: check, GC: gc, Status: status,
}

// judge says what is wrong with a config. What only a running host has, the subnet file, may be
// missing where it is judged.
func judge(config json.RawMessage) error {
	_, err := decodeConfig(&cni.Request{Config: config})
	var passing *cni.Error
	if errors.As(err, &passing) && passing.Code == cni.CodeTryAgain {
		return nil
	}
	return err
}
