package main

import (
	"reflect"
	"testing"

	"vethbridge/internal/cni"
	"vethbridge/internal/schema"
	"vethbridge/internal/schema/schematest"
)

func over() map[string]schema.Schema {
	const mapping = "runtimeConfig.portMappings[]."
	return map[string]schema.Schema{
		"runtimeConfig": schematest.Open(), "backend": schematest.Words("nftables", "iptables"), "hostPortConflict": schematest.Words("refuse", "warn"),
		"markMasqBit": schematest.Limits(0, 31), mapping + "hostPort": schematest.Limits(0, 65535),
		mapping + "containerPort": schematest.Limits(1, 65535), mapping + "hostPortEnd": schematest.Limits(0, 65535),
	}
}

// TestTheSchemaOfNatportIsInStep is about conf/schema/natport.json.
func TestTheSchemaOfNatportIsInStep(t *testing.T) {
	s := schematest.Generate(reflect.TypeFor[rawConfig](), schematest.Described(t, over(), "## Keys of both plugins", "## `natport`"))
	s.Title = "natport: MASQUERADE and published host ports"
	schematest.AddCommon(t, &s)
	schematest.Shipped(t, "natport.json", s)
}

// TestTheSchemaAndTheCodeTakeTheSameValues tries what the schema says about each key alone.
func TestTheSchemaAndTheCodeTakeTheSameValues(t *testing.T) {
	schematest.Agree(t, over(), func(config []byte) error {
		_, err := decodeConfig(&cni.Request{Config: config})
		return err
	})
}
