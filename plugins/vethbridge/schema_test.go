package main

import (
	"reflect"
	"testing"

	"vethbridge/internal/cni"
	"vethbridge/internal/schema"
	"vethbridge/internal/schema/schematest"
)

func over() map[string]schema.Schema {
	trunk := schematest.Generate(reflect.TypeFor[rawTrunk](), map[string]schema.Schema{
		"id": schematest.Limits(1, maxVLAN), "minID": schematest.Limits(1, maxVLAN), "maxID": schematest.Limits(1, maxVLAN),
	})
	return map[string]schema.Schema{
		"ipam": {Ref: "ipam.json"}, "runtimeConfig": schematest.Open(), "args": schematest.Open(), "args.cni": schematest.Open(),
		"vlan": schematest.Limits(0, maxVLAN), "vlanTrunk": {Type: schema.Array, Items: &trunk}, "mtu": schematest.Limits(0, maxMTU),
		"ipMasqBackend": schematest.Words("nftables", "iptables"), "mode": schematest.Words("nat", "routed", "isolated"),
		"isolation": schematest.Words("none", "port", "network"), "hostAccess": schematest.Words("all", "gateway", "none"),
	}
}

// TestTheSchemaOfVethbridgeIsInStep is about conf/schema/vethbridge.json.
func TestTheSchemaOfVethbridgeIsInStep(t *testing.T) {
	s := schematest.Generate(reflect.TypeFor[rawConfig](), schematest.Described(t, over(), "## Keys of both plugins", "## `vethbridge`"))
	s.Title = "vethbridge: a network on a Linux bridge"
	schematest.AddCommon(t, &s)
	schematest.Shipped(t, "vethbridge.json", s)
}

// TestTheSchemaAndTheCodeTakeTheSameValues tries what the schema says about each key alone.
func TestTheSchemaAndTheCodeTakeTheSameValues(t *testing.T) {
	schematest.Agree(t, over(), func(config []byte) error {
		_, err := decodeConfig(&cni.Request{Config: config})
		return err
	})
}
