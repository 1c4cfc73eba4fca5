package ipam

import (
	"reflect"
	"testing"

	"vethbridge/internal/schema"
	"vethbridge/internal/schema/schematest"
)

// TestTheSchemaOfIPAMIsInStep is about conf/schema/ipam.json.
func TestTheSchemaOfIPAMIsInStep(t *testing.T) {
	over := map[string]schema.Schema{
		"routes[].mtu":    schematest.Limits(0, 1<<31-1),
		"routes[].advmss": schematest.Limits(0, 1<<16-1), "routes[].priority": schematest.Limits(0, 1<<32-1),
		"routes[].table": schematest.Limits(0, 1<<32-1), "routes[].scope": schematest.Limits(0, 1<<8-1),
	}
	s := schematest.Generate(reflect.TypeFor[rawConfig](), schematest.Described(t, over, "### `ipam`"))
	s.Properties["type"] = &schema.Schema{Type: schema.String, Description: "empty, or the name of the plugin that is asked in place of this"}
	s.Title = "ipam of vethbridge, without type: the built-in allocator"
	schematest.Shipped(t, "ipam.json", s)
}
