// Package schema checks JSON texts against JSON Schemas and says where in the text something is
// wrong, by line and column.
//
// It must not know what the texts are for. Of JSON Schema (draft 2020-12) it knows the words that
// our schemas use: type, properties, required, items, enum, minimum, maximum, $ref, description.
// Keys are compared in any letter case, as encoding/json does.
//
// Files:
//
//	node.go      Node: a text with the places of its parts; parse.go makes it
//	schema.go    Schema, Check
//	finding.go   Finding, Position
//	nearest.go   Nearest: "did you mean"
//	schematest/  Generate: schemas from the structs that texts are decoded into
package schema
