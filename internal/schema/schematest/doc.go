// Package schematest makes JSON Schemas from the structs that configs are decoded into, and from
// the words of the reference page, and holds them beside the files that are shipped.
package schematest
