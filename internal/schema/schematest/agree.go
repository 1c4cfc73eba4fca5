package schematest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"vethbridge/internal/schema"
)

// Agree tries every word and both limits of each key at the top of a config, and what lies
// beyond them: decode must take the first and refuse the second.
func Agree(t *testing.T, over map[string]schema.Schema, decode func(config []byte) error) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(over)) {
		if strings.ContainsAny(key, ".[") {
			continue
		}
		try := func(value string, good bool) {
			t.Helper()
			config := fmt.Sprintf(`{%q: %s}`, key, value)
			if err := decode([]byte(config)); (err == nil) != good {
				t.Errorf("%s: %v; the schema says that it is right: %t", config, err, good)
			}
		}
		s := over[key]
		for _, word := range s.Enum {
			try(fmt.Sprintf("%q", word), true)
		}
		if len(s.Enum) > 0 {
			try(`"surely-none"`, false)
		}
		if s.Minimum != nil {
			try(fmt.Sprint(*s.Minimum), true)
			try(fmt.Sprint(*s.Maximum), true)
			try(fmt.Sprint(*s.Minimum-1), false)
			try(fmt.Sprint(*s.Maximum+1), false)
		}
	}
}

// AddCommon adds the keys that every plugin's config has, and those of both of ours.
func AddCommon(t *testing.T, s *schema.Schema) {
	t.Helper()
	for name, common := range map[string]schema.Schema{
		"type": {Type: schema.String}, "name": {Type: schema.String}, "cniVersion": {Type: schema.String},
		"cniVersions": {Type: schema.Array}, "capabilities": {Type: schema.Object}, "prevResult": {Type: schema.Object},
		"disableCheck": {Type: schema.Boolean}, "args": {Type: schema.Object}, "dns": {Type: schema.Object}, "ipam": {Type: schema.Object},
		"stateDir": {Type: schema.String}, "logFile": {Type: schema.String},
		"logLevel": {Type: schema.String},
	} {
		if _, there := s.Properties[name]; !there {
			both := merge(common, Described(t, map[string]schema.Schema{}, "## Keys of both plugins")[name])
			s.Properties[name] = &both
		}
	}
}
